package failover_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// edited stands between the clients and the simulated AWS, and changes answers to operations by their names: what stands
// for AWS in a test says less than AWS, and says other things. An edit is given the status and the body.
type edited struct {
	aws.HTTPClient
	edits map[string]edit
}

type edit func(status int, body string) (int, string)

// page is what a server says that knows no such call.
func page(int, string) (int, string) {
	return http.StatusNotImplemented, "<html><body>Not Implemented<br></html>"
}

// without leaves out elements of XML by their names, whatever is in them.
func without(names ...string) edit {
	return func(status int, body string) (int, string) {
		for _, name := range names {
			for {
				before, rest, found := strings.Cut(body, "<"+name+">")
				_, after, ends := strings.Cut(rest, "</"+name+">")
				if !found || !ends {
					break
				}
				body = before + after
			}
		}
		return status, body
	}
}

func (e edited) Do(req *http.Request) (*http.Response, error) {
	asked, err := operation(req)
	if err != nil {
		return nil, err
	}
	res, err := e.HTTPClient.Do(req)
	change := e.edits[asked]
	if err != nil || change == nil {
		return res, err
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	status, text := change(res.StatusCode, string(body))
	res.StatusCode, res.Body, res.ContentLength = status, io.NopCloser(strings.NewReader(text)), int64(len(text))
	return res, nil
}

// operation is what a request asks for, by the protocols that say so in a header or in a form; empty in others.
func operation(req *http.Request) (string, error) {
	if target := req.Header.Get("X-Amz-Target"); target != "" {
		return target[strings.LastIndex(target, ".")+1:], nil
	}
	if req.Body == nil {
		return "", nil
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return "", err
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "", nil //nolint:nilerr // of another protocol
	}
	return form.Get("Action"), nil
}
