package sim

import "context"

// stuck blocks the wait for an operation for as long as the fault "stuck" names
// it, in real time: there is no time at which it would be over, so simulated time
// passes only as far as others sleep. AWS itself ends the operation when it is due.
func (w *World) stuck(ctx context.Context, operation string) error {
	for {
		w.mu.Lock()
		f, healed := w.fault("stuck", is(operation)), w.healed
		w.mu.Unlock()
		if f == nil {
			return nil
		}
		if err := w.clock.Await(ctx, healed); err != nil {
			return err
		}
	}
}
