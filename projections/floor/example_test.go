package floor_test

import (
	"context"
	"fmt"

	"github.com/callstate/callstate/projections/floor"
)

// A desktop shows a ringing call before it is answered, with all that is known of it.
func Example() {
	f := floor.New(floor.Options{})
	f.Live() // a projections.Runner says so when the floor has caught up with the log

	var s session
	id := connID("1")
	s.login(0, "jane", "1001", "sales")
	s.arrives(1, id, "2125550001")
	s.rings(2, id, "jane", "1001", "sales")
	if err := f.Apply(context.Background(), s.Records()); err != nil {
		fmt.Println(err)
	}

	for frame, err := range f.Follow(context.Background(), floor.Following{Agent: "jane"}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if frame.Kind == floor.Snapshot { // and then a frame for each change
			for _, c := range frame.Desktop.Calls {
				fmt.Println(frame.Desktop.Agent.State, c.ANI, c.DNIS)
			}
			break
		}
	}
	// Output: ringing 2125550001 5550100
}
