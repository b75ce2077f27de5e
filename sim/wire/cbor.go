package wire

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"path"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/pilotlight-dr/pilotlight/sim"
)

type cborMap = cbor.Map

// cborProtocol is rpc-v2-cbor: /service/NAME/operation/NAME.
var cborProtocol = protocol{
	contentType: "application/cbor",
	decode: func(req *http.Request, body []byte) (string, input, error) {
		if req.Header.Get("Content-Encoding") == "gzip" { // operations with the trait requestCompression may be packed
			packed, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				return "", input{}, fmt.Errorf("unpacking a request: %w", err)
			}
			if body, err = io.ReadAll(packed); err != nil {
				return "", input{}, fmt.Errorf("unpacking a request: %w", err)
			}
		}
		v, err := cbor.Decode(body)
		if err != nil {
			return "", input{}, fmt.Errorf("reading CBOR: %w", err)
		}
		m, ok := v.(cbor.Map)
		if !ok {
			return "", input{}, fmt.Errorf("reading CBOR: a map was expected, not %T", v)
		}
		return path.Base(req.URL.Path), input{cbor: m}, nil
	},
	encode: func(_ string, result any, _ string) ([]byte, error) {
		m, ok := result.(cbor.Map)
		if !ok {
			return nil, fmt.Errorf("a CBOR result must be a map, not %T", result)
		}
		return cbor.Encode(m), nil
	},
	encodeError: func(e *sim.Error) ([]byte, http.Header) {
		return cbor.Encode(cbor.Map{"__type": cbor.String(e.Code), "message": cbor.String(e.Message)}), http.Header{}
	},
}

func cborText(m cbor.Map, name string) string {
	s, _ := m[name].(cbor.String)
	return string(s)
}

func cborMaps(m cbor.Map, name string) []cbor.Map {
	list, _ := m[name].(cbor.List)
	var all []cbor.Map
	for _, v := range list {
		if item, ok := v.(cbor.Map); ok {
			all = append(all, item)
		}
	}
	return all
}

func cborTime(t time.Time) cbor.Value {
	return &cbor.Tag{ID: 1, Value: cbor.Float64(float64(t.UnixMilli()) / 1000)}
}
