package call_test

import (
	"testing"
	"time"

	"github.com/callstate/callstate/domain/call"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAConnIDIsDerived(t *testing.T) {
	id := call.NewConnID(born, "pbx1", "1795395601.0")
	// The value is fixed for ever: every log and every other engine derives the same.
	assert.Equal(t, "01a207a2-3280-8edf-bae6-c88b8dabbe4e", id.String())
	assert.Equal(t, id, call.NewConnID(born, "pbx1", "1795395601.0"))
	assert.NotEqual(t, id, call.NewConnID(born, "pbx2", "1795395601.0"))
	assert.NotEqual(t, id, call.NewConnID(born, "pbx1", "1795395601.1"))
	assert.NotEqual(t, call.NewConnID(born, "ab", "c"), call.NewConnID(born, "a", "bc"))
	assert.Equal(t, uuid.Version(8), uuid.UUID(id).Version())
	assert.Equal(t, uuid.RFC4122, uuid.UUID(id).Variant())
	assert.Equal(t, born, id.Born())
	assert.Less(t, id.String(), call.NewConnID(born.Add(time.Millisecond), "pbx1", "0").String(), "they sort by time")
}

func TestAConnIDAsText(t *testing.T) {
	text, err := connID.MarshalText()
	require.NoError(t, err)
	var back call.ConnID
	require.NoError(t, back.UnmarshalText(text))
	assert.Equal(t, connID, back)
	assert.True(t, call.ConnID{}.IsZero())
	require.NoError(t, back.UnmarshalText(nil))
	assert.True(t, back.IsZero())
	_, err = call.ParseConnID("not an id")
	assert.ErrorContains(t, err, `"not an id" is not a connection id`)
}
