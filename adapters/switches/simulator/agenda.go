package simulator

import "time"

// planned is something that will happen.
type planned struct {
	at    time.Time
	order int
	do    func()
}

// agenda is what will happen, as a heap by time and then by the order of planning.
type agenda struct {
	plans []planned
	count int
}

func (a *agenda) Len() int { return len(a.plans) }

func (a *agenda) Less(i, j int) bool {
	if x, y := a.plans[i].at, a.plans[j].at; !x.Equal(y) {
		return x.Before(y)
	}
	return a.plans[i].order < a.plans[j].order
}

func (a *agenda) Swap(i, j int) { a.plans[i], a.plans[j] = a.plans[j], a.plans[i] }

func (a *agenda) Push(x any) {
	p := x.(planned)
	a.count++
	p.order = a.count
	a.plans = append(a.plans, p)
}

func (a *agenda) Pop() any {
	last := len(a.plans) - 1
	p := a.plans[last]
	a.plans[last] = planned{}
	a.plans = a.plans[:last]
	return p
}
