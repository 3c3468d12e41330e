package notify_test

import (
	"fmt"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/notify"
)

// A projection feeds the records of the log, in their order, and passes on what each device is told.
func Example() {
	notifier := notify.New()
	id := call.NewConnID(noon, "pbx1", "1")
	for _, body := range []call.Body{
		call.CallStarted{ConnID: id, Switch: "pbx1", Origin: call.External, ANI: "2125550001", DNIS: "5550100"},
		call.PartyDialing{Party: "a", DN: "2125550001", External: true},
		call.QueueEntered{Visit: "v", Queue: "sales", Party: "a"},
		call.PartyAlerting{Party: "b", DN: "1001", Agent: "7", Queue: "sales", Visit: "v"},
		call.PartyConnected{Party: "b", DN: "1001"},
		call.QueueDistributed{Visit: "v", Queue: "sales", Agent: "7", DN: "1001", Party: "b"},
	} {
		for _, m := range notifier.Call(id, call.Event{At: noon, Body: body}) {
			fmt.Printf("%s is told %s of %s, queue %s, third party %q\n", m.DN, m.TLib, m.OtherDN, m.ThisQueue, m.ThirdPartyDN)
		}
	}
	// Output:
	// sales is told EventQueued of 2125550001, queue sales, third party ""
	// 1001 is told EventRinging of 2125550001, queue sales, third party ""
	// 1001 is told EventEstablished of 2125550001, queue sales, third party ""
	// sales is told EventDiverted of 2125550001, queue sales, third party "1001"
}
