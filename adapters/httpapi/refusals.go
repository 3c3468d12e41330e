package httpapi

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/masking"
	"github.com/google/uuid"
)

// A refusal that was written is not written again for a minute, so that nobody fills the log with them: the same request of
// somebody who is known; of those whom nobody knows the same address for the same reason, and mostStrangers of them at most. What
// is not written, the program's own log has.
const (
	refusedAgainAfter = time.Minute
	mostRefusals      = 10_000
	mostStrangers     = 100
	longestRefusal    = 300 // of what is written of a request
)

// refuse answers a request with a problem, and has it written that it was refused. who has no name where nobody knows him.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, pattern string, who Subject, p problem) {
	s.refused(r.Context(), who, access.RequestDenied{Operation: pattern, Path: r.URL.Path, Reason: p.Detail, From: addressOf(r)})
	s.fail(w, r, p)
}

// refused has it written that a request was refused.
func (s *Server) refused(ctx context.Context, who Subject, denied access.RequestDenied) {
	stranger := who.Name == ""
	denied.Role, denied.View = string(who.Role), uuid.NewString()
	denied.Path, denied.Reason = beginning(denied.Path), beginning(denied.Reason)
	written, same := s.refusals, []string{who.Name, denied.Operation, denied.Path, denied.Reason}
	if stranger {
		written, same = s.strangers, []string{networkOf(denied.From), denied.Reason}
	} else {
		denied.From = ""
	}
	s.config.Logger.Info("refused", "operation", denied.Operation, "reason", denied.Reason, "subject", who.Name, "from", denied.From, "request", requestID(ctx))
	if lately, remembered := written.claim(strings.Join(same, "\x00"), s.config.Now()); lately || stranger && !remembered {
		return
	}
	recording, cancel := underWay(ctx) // who hangs up at once was refused all the same
	defer cancel()
	if err := s.config.Audit.Viewed(recording, cmp.Or(who.Name, unknownActor), denied); err != nil {
		s.config.Logger.Error("a refusal could not be recorded", "err", err, "request", requestID(ctx))
	}
}

// notKnown has it written that credentials were nobody's here, and whose they would be where that is known. Who has brought none
// has not tried anything, and is only logged.
func (s *Server) notKnown(r *http.Request, pattern string, tried bool, err error) {
	var who Subject
	denied := access.RequestDenied{Operation: pattern, Path: r.URL.Path, From: addressOf(r), Reason: "the credentials are nobody's"}
	if u, ok := errors.AsType[*unwelcome](err); ok {
		who.Name, denied.Reason = u.name, u.why
	}
	if !tried {
		s.config.Logger.Info("nobody known", "path", r.URL.Path, "from", denied.From, "request", requestID(r.Context()))
		return
	}
	s.refused(r.Context(), who, denied)
}

// beginning is of what is written of a request: half a card number would not be recognised any more.
func beginning(text string) string {
	text = masking.CardNumbers(text)
	return strings.ToValidUTF8(text[:min(len(text), longestRefusal)], "?")
}
