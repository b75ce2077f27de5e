package sim

import "fmt"

// BlockPublicAccess has an account, or its organization, block public access of VPCs in a region, in one of EC2's modes.
func (w *World) BlockPublicAccess(region, mode string) { w.setPublicAccess(region, mode) }

// ExcludeNetwork lets a VPC, or a subnet, be reached all the same, in one of EC2's modes.
func (w *World) ExcludeNetwork(region, id, mode string) { w.setPublicAccess(region+"|"+id, mode) }

func (w *World) setPublicAccess(place, mode string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state.PublicAccess == nil {
		w.state.PublicAccess = map[string]string{}
	}
	w.state.PublicAccess[place] = mode
}

// PublicAccess is how public access is blocked in a region; off where it is not. DescribeVpcs shows it for each network: whether AWS
// shows off for one that is excluded is not documented, and the mode asks more of the checks.
func (w *World) PublicAccess(region string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if mode := w.state.PublicAccess[region]; mode != "" {
		return mode
	}
	return "off"
}

// ExcludedNetworks are the VPCs and subnets of a region that are let out of that, and how.
func (w *World) ExcludedNetworks(region string) map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := map[string]string{}
	for _, o := range append(w.all(vpcType, region), w.all(subnetType, region)...) {
		if mode := w.state.PublicAccess[region+"|"+o.ID]; mode != "" {
			all[o.ID] = mode
		}
	}
	return all
}

// admits reports whether visitors get as far as a region's balancers; the error is what they see.
func (w *World) admits(region string) error {
	if mode := w.PublicAccess(region); mode != "off" && len(w.ExcludedNetworks(region)) == 0 {
		return fmt.Errorf("dial tcp: i/o timeout (public access of VPCs in %s: %s)", region, mode)
	}
	return nil
}
