package features_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections/history"
	"github.com/cucumber/godog"
)

// world is what one scenario has.
type world struct {
	dir   string
	place *place
	data  *dataFolder // of the scenario's own engines
	leave func()      // takes it away

	// Live: a switch, the engine, a desktop, and the call that the story is about.
	pbx     *recordedSwitch
	begun   func() error // waits until what came before the story has been told
	engine  *process
	desktop *agentDesktop
	connID  string
	visitor *visitor      // who looks at the page
	noted   []noted       // what was shown at some positions
	showed  shown         // what the desktop had shown
	again   *agentDesktop // one that is shown the past

	// What the desktop has asked for last, and before that.
	asked, askedBefore *request

	// Afterwards: the data of an engine, and the call that the supervisor has opened.
	log    *dataFolder
	opened *history.Record

	// Several engines: what the last one that read the session changed.
	session recordedSession
	added   int                          // events that it added
	before  map[eventlog.Stream][]string // the events of each call before it came
}

func (p *place) initialize(sc *godog.ScenarioContext) {
	w := &world{place: p}
	sc.Before(func(ctx context.Context, _ *godog.Scenario) (context.Context, error) {
		var err error
		if w.dir, err = os.MkdirTemp("", "callstate-scenario-"); err != nil {
			return ctx, err
		}
		w.data, w.leave, err = p.open(filepath.Join(w.dir, "data"))
		return ctx, err
	})
	sc.After(func(ctx context.Context, _ *godog.Scenario, err error) (context.Context, error) {
		return ctx, w.end(err)
	})
	w.sampleCallSteps(sc)
	w.liveSteps(sc)
	w.recordSteps(sc)
	w.storySteps(sc)
	w.floorSteps(sc)
	w.engineSteps(sc)
	w.pastSteps(sc)
	w.statisticsSteps(sc)
	w.auditSteps(sc)
	w.pageSteps(sc)
	w.requestSteps(sc)
}

func (w *world) end(err error) error {
	if w.visitor != nil {
		w.visitor.close()
	}
	if w.desktop != nil {
		w.desktop.disconnect()
	}
	if w.engine != nil {
		if stopped := w.engine.stop(); err == nil {
			err = stopped
		}
	}
	if w.pbx != nil {
		w.pbx.close()
	}
	if w.leave != nil {
		w.leave()
	}
	os.RemoveAll(w.dir)
	return err
}

// rowsOf are the cells of a table. Gherkin has no table without rows.
func rowsOf(table *godog.Table) [][]string {
	var rows [][]string
	for _, row := range table.Rows {
		var cells []string
		for _, cell := range row.Cells {
			cells = append(cells, cell.Value)
		}
		rows = append(rows, cells)
	}
	return rows
}

// sorted is a copy of rows in order, for tables in which order says nothing.
func sorted(rows [][]string) [][]string {
	return slices.SortedFunc(slices.Values(rows), slices.Compare)
}
