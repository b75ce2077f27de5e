package sim

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

// A Certificate is one of ACM's, or an IAM server certificate.
type Certificate struct {
	ARN    string
	Status string   // such as ISSUED
	Names  []string // that it is for
	Until  time.Time
}

// AddCertificate puts a certificate into the region of its ARN; IAM's are in none.
func (w *World) AddCertificate(c Certificate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Certificates[c.ARN] = c
}

// Certificate is what DescribeCertificate finds in a region.
func (w *World) Certificate(region, arn string) (Certificate, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.certified(region, arn) || arnService(arn) != "acm" {
		return Certificate{}, refuse("ResourceNotFoundException", "Could not find certificate %s.", arn)
	}
	return w.state.Certificates[arn], nil
}

// ServerCertificate is what IAM's GetServerCertificate finds by a name, for a partition's regions.
func (w *World) ServerCertificate(region, name string) (Certificate, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, at := range slices.Sorted(maps.Keys(w.state.Certificates)) {
		if arnService(at) == "iam" && strings.HasPrefix(at, "arn:"+awsregion.Partition(region)+":") && strings.HasSuffix(at, "/"+name) {
			return w.state.Certificates[at], nil
		}
	}
	return Certificate{}, &Error{Status: 404, Code: "NoSuchEntity", Message: "The Server Certificate with name " + name + " cannot be found."}
}

// certified reports whether a balancer in a region can use a certificate. One of IAM's is for
// all regions (ELB guide, "Create an HTTPS listener").
func (w *World) certified(region, arn string) bool {
	_, ok := w.state.Certificates[arn]
	return ok && (arnRegion(arn) == region || arnService(arn) == "iam")
}

// RemoveCertificate takes a certificate away.
func (w *World) RemoveCertificate(arn string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.state.Certificates, arn)
}
