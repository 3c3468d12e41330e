// Package simulator is a switch that there is not: a small contact centre that lives by a seed. Callers come by the time
// of day, pass an IVR, wait for an agent with the skill, lose patience; agents answer or let it ring, hold, consult,
// transfer, work after the call and take breaks. What happens comes out as the same facts that a link to a real switch
// tells, and requests are done as a real switch does them.
//
// A Centre is the contact centre itself, a pure machine that is moved on by whoever holds it: the same seed and the same
// beginning give the same facts. A Switch lets one live in real time and tells an engine.
package simulator

import (
	"errors"
	"fmt"
)

// Config says what a contact centre is like. Zero values mean the defaults.
type Config struct {
	Name   string // of the switch; required
	Seed   uint64
	Agents int // default 50; their ids and DNs are 1001 and so on
	// Rate is how many callers come in a second, in the busiest hour; default what the agents can just take.
	Rate float64
	// Steady: callers come all day as in the busiest hour.
	Steady bool
	// Manual are agents who do nothing by themselves: their desktops have to.
	Manual []string
}

const (
	mostAgents = 8999 // four digits each
	mostRate   = 1000
)

// Validate returns what is wrong with a configuration.
func (c Config) Validate() error {
	var errs []error
	if c.Name == "" {
		errs = append(errs, errors.New("name is missing"))
	}
	if c.Agents < 0 || c.Agents > mostAgents {
		errs = append(errs, fmt.Errorf("agents must be 1 to %d", mostAgents))
	}
	if !(c.Rate >= 0 && c.Rate <= mostRate) {
		errs = append(errs, fmt.Errorf("rate must be above 0 and at most %d calls a second", mostRate))
	}
	return errors.Join(errs...)
}

// handling is how many seconds a call takes an agent on average, with ringing and after-call work.
const handling = 190

func (c Config) withDefaults() Config {
	if c.Agents == 0 {
		c.Agents = 50
	}
	if c.Rate == 0 {
		c.Rate = 0.85 * float64(c.Agents) / handling
	}
	return c
}

// byHour is how many callers come in each hour of the day (UTC), compared with the busiest.
var byHour = [24]float64{
	0.05, 0.03, 0.02, 0.02, 0.03, 0.06, 0.15, 0.40, 0.75, 0.95, 1.00, 0.95,
	0.80, 0.85, 0.90, 0.85, 0.75, 0.60, 0.45, 0.35, 0.25, 0.18, 0.12, 0.08,
}

// line is what a number leads to.
type line struct {
	dnis, queue, choice string
	share               int // of a hundred callers
}

var lines = []line{
	{"5550100", "sales", "1", 45}, {"5550100", "support", "2", 35}, {"5550100", "billing", "3", 15}, {"5550199", "premium", "1", 5},
}

var tiers = []string{"silver", "silver", "silver", "gold", "platinum"}

var breaks = []struct {
	reason            string
	shortest, longest int // minutes
}{{"break", 5, 15}, {"lunch", 25, 40}, {"training", 20, 60}}
