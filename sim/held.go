package sim

import "slices"

// Held are those of some ids that a region has objects of, of one of some types.
func (w *World) Held(region string, ids []string, types ...string) (held []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		if slices.ContainsFunc(types, func(typ string) bool { return w.find(typ, region, id) != nil }) {
			held = append(held, id)
		}
	}
	return held
}
