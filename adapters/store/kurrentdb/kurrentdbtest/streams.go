package kurrentdbtest

import (
	"context"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Append implements the streams service.
func (s *Server) Append(call streams.Streams_AppendServer) error {
	first, err := call.Recv()
	if err != nil {
		return err
	}
	options := first.GetOptions()
	if options == nil {
		return status.Error(codes.InvalidArgument, "the options come first")
	}
	stream := string(options.GetStreamIdentifier().GetStreamName())
	if isOwn(stream) {
		return status.Error(codes.PermissionDenied, "system streams are not for everybody")
	}
	var events []*event
	for size := 0; ; {
		message, err := call.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		e := proposed(stream, message.GetProposedMessage())
		if size += len(e.data) + len(e.custom); size > s.options.MaxAppendSize {
			call.SetTrailer(metadata.Pairs("exception", "maximum-append-size-exceeded"))
			return status.Error(codes.InvalidArgument, "Maximum Append Size exceeded")
		}
		events = append(events, e)
	}
	faults := s.faults.Load()
	if faults.BeforeAppend != nil {
		if err := faults.BeforeAppend(stream); err != nil {
			return err
		}
	}
	written := s.cluster.database.append(stream, expectationOf(options), events)
	if faults.AfterAppend != nil {
		if err := faults.AfterAppend(stream); err != nil {
			return err
		}
	}
	there, _ := s.cluster.database.of(stream)
	if !written {
		return call.SendAndClose(wrongVersion(options, len(there)))
	}
	last := there[len(there)-1]
	return call.SendAndClose(&streams.AppendResp{Result: &streams.AppendResp_Success_{Success: &streams.AppendResp_Success{
		CurrentRevisionOption: &streams.AppendResp_Success_CurrentRevision{CurrentRevision: last.revision},
		PositionOption:        &streams.AppendResp_Success_Position{Position: &streams.AppendResp_Position{CommitPosition: last.position, PreparePosition: last.position}},
	}}})
}

func expectationOf(o *streams.AppendReq_Options) expectation {
	switch expected := o.GetExpectedStreamRevision().(type) {
	case *streams.AppendReq_Options_NoStream:
		return expectation{noStream: true}
	case *streams.AppendReq_Options_StreamExists:
		return expectation{exists: true}
	case *streams.AppendReq_Options_Revision:
		return expectation{revision: expected.Revision}
	}
	return expectation{any: true}
}

func wrongVersion(o *streams.AppendReq_Options, there int) *streams.AppendResp {
	wrong := &streams.AppendResp_WrongExpectedVersion{}
	switch expected := expectationOf(o); {
	case expected.noStream:
		wrong.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: &shared.Empty{}}
	case expected.exists:
		wrong.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedStreamExists{ExpectedStreamExists: &shared.Empty{}}
	default:
		wrong.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision{ExpectedRevision: expected.revision}
	}
	if there == 0 {
		wrong.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentNoStream{CurrentNoStream: &shared.Empty{}}
	} else {
		wrong.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentRevision{CurrentRevision: uint64(there - 1)}
	}
	return &streams.AppendResp{Result: &streams.AppendResp_WrongExpectedVersion_{WrongExpectedVersion: wrong}}
}

// Read implements the streams service.
func (s *Server) Read(request *streams.ReadReq, call streams.Streams_ReadServer) error {
	o := request.GetOptions()
	switch {
	case o.GetSubscription() != nil && o.GetAll() != nil:
		return s.subscribe(o, call)
	case o.GetSubscription() != nil:
		return status.Error(codes.Unimplemented, "subscriptions to one stream")
	case o.GetAll() != nil:
		return s.readAll(o, call)
	}
	return s.readStream(o, call)
}

func (s *Server) readStream(o *streams.ReadReq_Options, call streams.Streams_ReadServer) error {
	name := string(o.GetStream().GetStreamIdentifier().GetStreamName())
	events, found := s.cluster.database.of(name)
	if !found {
		return call.Send(&streams.ReadResp{Content: &streams.ReadResp_StreamNotFound_{StreamNotFound: &streams.ReadResp_StreamNotFound{
			StreamIdentifier: o.GetStream().GetStreamIdentifier(),
		}}})
	}
	backwards := o.GetReadDirection() == streams.ReadReq_Options_Backwards
	switch from := o.GetStream().GetRevisionOption().(type) {
	case *streams.ReadReq_Options_StreamOptions_Revision:
		if last := uint64(len(events)); backwards {
			events = events[:min(from.Revision+1, last)]
		} else {
			events = events[min(from.Revision, last):]
		}
	case *streams.ReadReq_Options_StreamOptions_Start:
		if backwards {
			events = events[:1]
		}
	case *streams.ReadReq_Options_StreamOptions_End:
		if !backwards {
			events = nil
		}
	}
	return s.sendSome(call, name, events, backwards, o.GetCount())
}

// readAll reads forwards from a position on, or backwards from before it.
func (s *Server) readAll(o *streams.ReadReq_Options, call streams.Streams_ReadServer) error {
	all, _ := s.cluster.database.log()
	backwards := o.GetReadDirection() == streams.ReadReq_Options_Backwards
	from, err := placeOf(o, all)
	if err != nil {
		return err
	}
	if backwards {
		all = all[:from]
	} else {
		all = all[from:]
	}
	return s.sendSome(call, "", all, backwards, o.GetCount())
}

// placeOf is where a read or a subscription of the whole log begins.
func placeOf(o *streams.ReadReq_Options, all []*event) (int, error) {
	switch from := o.GetAll().GetAllOption().(type) {
	case *streams.ReadReq_Options_AllOptions_Position:
		i, err := at(all, from.Position.GetCommitPosition())
		if err != nil || from.Position.GetCommitPosition() != from.Position.GetPreparePosition() {
			return 0, status.Errorf(codes.InvalidArgument, "invalid position: %v", err)
		}
		return i, nil
	case *streams.ReadReq_Options_AllOptions_End:
		return len(all), nil
	}
	return 0, nil
}

func (s *Server) sendSome(call streams.Streams_ReadServer, stream string, events []*event, backwards bool, count uint64) error {
	events = events[:len(events):len(events)]
	if backwards {
		events = slices.Clone(events)
		slices.Reverse(events)
	}
	for i, e := range events[:min(uint64(len(events)), count)] {
		if err := s.send(call, stream, i, e); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) send(call streams.Streams_ReadServer, stream string, sent int, e *event) error {
	if before := s.faults.Load().BeforeSend; before != nil {
		if err := before(stream, sent); err != nil {
			return err
		}
	}
	return call.Send(e.recorded(stream == ""))
}

// subscribe sends what follows a position, as far as the filter lets it through, and then what comes. Every so many events
// it says how far it is.
func (s *Server) subscribe(o *streams.ReadReq_Options, call streams.Streams_ReadServer) error {
	passes, err := filterOf(o.GetFilter())
	if err != nil {
		return err
	}
	all, changed := s.cluster.database.log()
	next, err := placeOf(o, all)
	if err != nil {
		return err
	}
	if _, after := o.GetAll().GetAllOption().(*streams.ReadReq_Options_AllOptions_Position); after {
		next = max(next+1-s.faults.Load().Rewind, 0)
	}
	confirmation := &streams.ReadResp_SubscriptionConfirmation{SubscriptionId: "stand-in"}
	if err := call.Send(&streams.ReadResp{Content: &streams.ReadResp_Confirmation{Confirmation: confirmation}}); err != nil {
		return err
	}
	caughtUp := false
	for sent, seen := 0, uint32(0); ; {
		for ; next < len(all); next++ {
			e := all[next]
			if passes(e) {
				if err := s.send(call, "", sent, e); err != nil {
					return err
				}
				sent++
			}
			if seen++; o.GetFilter() != nil && seen%(o.GetFilter().GetMax()*o.GetFilter().GetCheckpointIntervalMultiplier()) == 0 {
				checkpoint := &streams.ReadResp_Checkpoint{CommitPosition: e.position, PreparePosition: e.position}
				if err := call.Send(&streams.ReadResp{Content: &streams.ReadResp_Checkpoint_{Checkpoint: checkpoint}}); err != nil {
					return err
				}
			}
		}
		if !caughtUp {
			caughtUp = true
			if err := call.Send(&streams.ReadResp{Content: &streams.ReadResp_CaughtUp_{CaughtUp: &streams.ReadResp_CaughtUp{}}}); err != nil {
				return err
			}
		}
		if err := wait(call.Context(), changed); err != nil {
			return err
		}
		all, changed = s.cluster.database.log()
	}
}

func wait(ctx context.Context, changed <-chan struct{}) error {
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

// filterOf is what a filter lets through.
func filterOf(f *streams.ReadReq_Options_FilterOptions) (func(*event) bool, error) {
	if f == nil {
		return func(*event) bool { return true }, nil
	}
	subject, expression := func(e *event) string { return e.stream }, f.GetStreamIdentifier()
	if byType := f.GetEventType(); byType != nil {
		subject, expression = func(e *event) string { return e.kind }, byType
	}
	if f.GetMax() == 0 || f.GetCheckpointIntervalMultiplier() == 0 {
		return nil, status.Error(codes.InvalidArgument, "a filter needs a window and an interval")
	}
	if prefixes := expression.GetPrefix(); len(prefixes) > 0 {
		return func(e *event) bool {
			return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(subject(e), p) })
		}, nil
	}
	pattern, err := regexp.Compile(expression.GetRegex())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return func(e *event) bool { return pattern.MatchString(subject(e)) }, nil
}
