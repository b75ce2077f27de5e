package wire

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// role answers for a role that somebody made.
var role = one("RoleName", "NoSuchEntity", "aws:iam/role:Role", nothing)

var iamOperations = map[string]operation{
	"GetInstanceProfile": one("InstanceProfileName", "NoSuchEntity", "aws:iam/instanceProfile:InstanceProfile", nothing),
	"GetRole": {
		subject: role.subject,
		serve: func(r request) (any, error) {
			if r.world.HasServiceRole(role.subject(r.in)) {
				return struct{}{}, nil
			}
			return role.serve(r)
		},
	},
	"GetServerCertificate": {
		subject: func(in input) string { return in.text("ServerCertificateName") },
		serve: func(r request) (any, error) {
			if err := r.in.only("ServerCertificateName"); err != nil {
				return nil, err
			}
			c, err := r.world.ServerCertificate(r.region, r.in.text("ServerCertificateName"))
			if err != nil {
				return nil, err
			}
			type serverCertificate struct{ CertificateBody string }
			body, err := certificateText(c)
			return struct{ ServerCertificate serverCertificate }{serverCertificate{body}}, err
		},
	},
}

// certificateText is a certificate of these names in PEM, signed by an authority that no client trusts.
func certificateText(c sim.Certificate) (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", fmt.Errorf("making a certificate for IAM: %w", err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: c.Names, NotBefore: sim.Epoch.AddDate(-1, 0, 0), NotAfter: c.Until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return "", fmt.Errorf("making a certificate for IAM: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), nil
}
