package wire

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// jsonProtocol is awsJson1.1: the operation in a header, its input in the body.
var jsonProtocol = protocol{
	contentType: "application/x-amz-json-1.1",
	decode: func(req *http.Request, body []byte) (string, input, error) {
		var in input
		if err := json.Unmarshal(body, &in.json); err != nil {
			return "", input{}, fmt.Errorf("reading JSON: %w", err)
		}
		_, operation, _ := strings.Cut(req.Header.Get("X-Amz-Target"), ".")
		return operation, in, nil
	},
	encode: func(_ string, result any, _ string) ([]byte, error) { return json.Marshal(result) },
	encodeError: func(e *sim.Error) ([]byte, http.Header) {
		text, _ := json.Marshal(map[string]string{"__type": e.Code, "message": e.Message}) // strings always can be
		return text, http.Header{}
	},
}

var acmOperations = map[string]operation{
	"DescribeCertificate": {certificate, describeCertificate},
}

func certificate(in input) string {
	arn, _ := in.json["CertificateArn"].(string)
	return arn
}

func describeCertificate(r request) (any, error) {
	c, err := r.world.Certificate(r.region, certificate(r.in))
	if err != nil {
		return nil, err
	}
	out := map[string]any{
		"CertificateArn": c.ARN, "Status": c.Status, "DomainName": c.Names[0], "SubjectAlternativeNames": c.Names, "InUseBy": append([]string{}, c.InUseBy...), "Type": "IMPORTED",
	}
	if !c.Until.IsZero() { // there is no end before it is issued
		out["NotAfter"] = c.Until.Unix()
	}
	if len(c.Validation) > 0 {
		var options []any
		for i, r := range c.Validation {
			options = append(options, map[string]any{"DomainName": c.Names[i], "ResourceRecord": map[string]any{"Name": r.Name + ".", "Type": r.Type, "Value": r.Values[0]}})
		}
		out["Type"], out["DomainValidationOptions"] = "AMAZON_ISSUED", options
	}
	return map[string]any{"Certificate": out}, nil
}
