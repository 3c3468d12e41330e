package link

import (
	"cmp"
	"slices"
	"time"
)

// DeviceOutOfService: no call can reach the DN's device: it is not registered, or does not answer (ECMA-269 Out of
// Service; T-Library EventDNOutOfService).
type DeviceOutOfService struct {
	Switch string `json:"switch"`
	DN     string `json:"dn"`
}

// DeviceInService: calls reach the DN's device again (ECMA-269 Back in Service). A device is in service until it is told
// not to be, so this comes only after DeviceOutOfService.
type DeviceInService struct {
	Switch string `json:"switch"`
	DN     string `json:"dn"`
}

// Device is a device of the switch that has been out of service.
type Device struct {
	DN           string
	OutOfService bool
	Since        time.Time
}

// DeviceIs: a DN's device can be reached, or not.
type DeviceIs struct {
	At           time.Time
	Switch       string
	DN           string
	OutOfService bool
}

// Device returns a device of the switch; its zero value when it has always been in service.
func (s State) Device(dn string) Device {
	if i, found := s.device(dn); found {
		return s.Devices[i]
	}
	return Device{}
}

func (s State) device(dn string) (int, bool) {
	return slices.BinarySearchFunc(s.Devices, dn, func(d Device, dn string) int { return cmp.Compare(d.DN, dn) })
}

func (b DeviceOutOfService) evolve(s State, e Event) State {
	return s.put(Device{DN: b.DN, OutOfService: true, Since: e.At})
}

func (b DeviceInService) evolve(s State, e Event) State {
	return s.put(Device{DN: b.DN, Since: e.At})
}

// put is the state with a device, in a copy of the devices.
func (s State) put(d Device) State {
	s.Devices = slices.Clone(s.Devices)
	if i, found := s.device(d.DN); found {
		s.Devices[i] = d
	} else {
		s.Devices = slices.Insert(s.Devices, i, d)
	}
	return s
}

func (f DeviceIs) observe(s State) []Event {
	known := s.Device(f.DN)
	if !f.At.After(known.Since) || f.OutOfService == known.OutOfService {
		return nil
	}
	if f.OutOfService {
		return []Event{{At: f.At, Body: DeviceOutOfService{Switch: f.Switch, DN: f.DN}}}
	}
	return []Event{{At: f.At, Body: DeviceInService{Switch: f.Switch, DN: f.DN}}}
}
