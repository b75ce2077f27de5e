package site

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

// A cloud is the simulated AWS on a real network, with the part of the internet that its
// instances ask for.
type cloud struct {
	t     *testing.T
	world *sim.World
	face  *wire.Face
	web   *authority
	rds   *authority
	// s3fs is what images have; empty is Debian's own.
	s3fs string

	mu        sync.Mutex
	hosts     map[string]string // addresses by name
	downloads map[string][]byte // by URL
	shut      func(host string) bool
	shutOut   map[string]int    // requests that nobody answered, by service
	stalled   chan struct{}     // not nil: S3 answers nothing until it is closed
	asked     []string          // what was asked of AWS, and how it was answered
	jobs      map[string]int    // how often a path of jobs.example.net was asked for
	onJob     func(path string) // called each time; nil disables it
	logged    map[string]string // what was sent to CloudWatch Logs, by group and stream
}

// newCloud serves a world.
func newCloud(t *testing.T, world *sim.World) *cloud {
	t.Helper()
	c := &cloud{
		t: t, world: world, face: wire.NewFace(world),
		hosts: map[string]string{}, downloads: map[string][]byte{}, jobs: map[string]int{}, logged: map[string]string{}, shut: func(string) bool { return false },
		shutOut: map[string]int{},
	}
	t.Cleanup(func() {
		if t.Failed() {
			c.mu.Lock()
			t.Log("asked of AWS:\n" + strings.Join(c.asked, "\n"))
			c.mu.Unlock()
		}
		c.face.Close()
	})
	if _, err := os.Stat(newS3fs()); err == nil {
		c.s3fs = newS3fs()
	}
	var err error
	c.web, err = web()
	require.NoError(t, err)
	c.rds, err = rds()
	require.NoError(t, err)
	return c
}

// machines are all instances there are, by address. Who asks for what tells the cloud that
// answers.
var machines sync.Map

// connect serves the internet and the metadata service, until the tests end.
func connect() error {
	sign, err := web()
	if err != nil {
		return err
	}
	answer := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		caller, _, _ := net.SplitHostPort(req.RemoteAddr) // net/http writes it so
		if i, known := machines.Load(caller); known {
			i.(*instance).cloud.serve(w, req, i.(*instance))
		}
	})
	for _, address := range []string{internet + ":443", internet + ":80", metadata + ":80"} {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		// Each has a server of its own: one that serves plain HTTP first offers HTTP/2 over TLS, and can't speak it.
		server := &http.Server{Handler: answer, ReadHeaderTimeout: time.Minute, TLSConfig: sign.config(), ErrorLog: log.New(io.Discard, "", 0)}
		serve := server.Serve
		if strings.HasSuffix(address, ":443") {
			serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
		}
		go func() { _ = serve(listener) }() // ends with the process
	}
	return nil
}

// serve answers an instance for every host there is.
func (c *cloud) serve(w http.ResponseWriter, req *http.Request, i *instance) {
	host, _, err := net.SplitHostPort(req.Host)
	if err != nil {
		host = req.Host
	}
	c.mu.Lock()
	shut, stalled := c.shut(host), c.stalled
	if shut {
		service, _, _ := strings.Cut(host, ".")
		c.shutOut[service]++
	}
	download, found := c.downloads["https://"+host+req.URL.Path]
	if host == "jobs.example.net" && !shut {
		c.jobs[req.URL.Path]++
	}
	onJob := c.onJob
	c.mu.Unlock()
	if onJob != nil && host == "jobs.example.net" {
		onJob(req.URL.Path)
	}
	switch {
	case shut:
		panic(http.ErrAbortHandler) // nobody answers
	case stalled != nil && strings.Contains(host, ".s3."):
		<-stalled
		panic(http.ErrAbortHandler)
	case host == metadata:
		i.metadata(w, req)
	case host == internet:
		i.systemd.serve(w, req)
	case strings.Contains(host, ".amazonaws.com") && req.Header.Get("Authorization") != "":
		c.call(w, req, host)
	case found:
		_, _ = w.Write(download) // a client that has gone needs no answer
	case host != "jobs.example.net":
		http.NotFound(w, req)
	}
}

// call hands a signed request to the simulator. Only the credentials of an instance's
// role are known there.
func (c *cloud) call(w http.ResponseWriter, req *http.Request, host string) {
	if !strings.Contains(req.Header.Get("Authorization"), "Credential="+accessKey+"/") || req.Header.Get("X-Amz-Security-Token") != sessionToken {
		http.Error(w, "<Error><Code>InvalidAccessKeyId</Code></Error>", http.StatusForbidden)
		return
	}
	if strings.HasPrefix(host, "logs.") {
		c.log(w, req)
		return
	}
	req.URL.Scheme, req.URL.Host = "https", host
	began := time.Now()
	res := &status{ResponseWriter: w, code: http.StatusOK}
	c.face.ServeHTTP(res, req)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, fmt.Sprintf("%s %s https://%s%s %s: %d %s", time.Since(began).Round(time.Millisecond), req.Method, host, req.URL.RequestURI(), req.Header.Get("X-Amz-Target"), res.code, res.said))
}

// log is CloudWatch Logs, which the simulator does not have: groups are there, streams have
// to be made.
func (c *cloud) log(w http.ResponseWriter, req *http.Request) {
	var in struct {
		LogGroupName, LogStreamName string
		LogEvents                   []struct{ Message string }
	}
	err := json.NewDecoder(req.Body).Decode(&in)
	stream := in.LogGroupName + " " + in.LogStreamName
	c.mu.Lock()
	defer c.mu.Unlock()
	_, made := c.logged[stream]
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	switch target := req.Header.Get("X-Amz-Target"); {
	case err == nil && target == "Logs_20140328.CreateLogStream":
		c.logged[stream] += ""
	case err == nil && target == "Logs_20140328.PutLogEvents" && made:
		for _, event := range in.LogEvents {
			c.logged[stream] += event.Message + "\n"
		}
		_, _ = io.WriteString(w, "{}") // a client that has gone needs no answer
	default:
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"ResourceNotFoundException","message":"The specified log stream does not exist."}`)
	}
}

// status remembers how a request was answered.
type status struct {
	http.ResponseWriter
	code int
	said string
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

func (s *status) Write(text []byte) (int, error) {
	if s.code >= http.StatusMultipleChoices {
		s.said += string(text)
	}
	return s.ResponseWriter.Write(text)
}

// shutting makes hosts unreachable.
func (c *cloud) shutting(hosts func(string) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shut = hosts
}

// attempts counts the requests to a service that found nobody.
func (c *cloud) attempts(service string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shutOut[service]
}

// stall has S3 take requests, and answer none, until it is released. Then those that wait fail, and are made again.
func (c *cloud) stall() (release func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	stalled := make(chan struct{})
	c.stalled = stalled
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.stalled = nil
		close(stalled)
	})
}

// resolve gives a name an address.
func (c *cloud) resolve(address string, hosts ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, host := range hosts {
		c.hosts[host] = address
	}
}

// hostsFile is /etc/hosts of every instance: the names of all that it asks for.
func (c *cloud) hostsFile() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := []string{"127.0.0.1 localhost"}
	for _, host := range names(c.hosts) {
		lines = append(lines, c.hosts[host]+" "+host)
	}
	return strings.Join(lines, "\n") + "\n"
}

// region makes a region's services known, and its certificates of databases.
func (c *cloud) region(name string, buckets ...string) {
	c.certificates(name, c.rds)
	c.resolve(internet, "wordpress.org", "downloads.wordpress.org", "jobs.example.net")
	for _, service := range []string{"s3", "ssm", "secretsmanager", "logs", "sts"} {
		c.resolve(internet, service+"."+name+"."+awsregion.DNSSuffix(name))
	}
	for _, bucket := range buckets {
		c.resolve(internet, bucket+".s3."+name+"."+awsregion.DNSSuffix(name))
	}
}

// certificates publishes what the databases of all regions are signed with.
func (c *cloud) certificates(region string, signs *authority) {
	host := "truststore.pki.rds." + awsregion.DNSSuffix(region)
	c.resolve(internet, host)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.downloads["https://"+host+"/global/global-bundle.pem"] = signs.pem
}

// make makes a resource of the world.
func (c *cloud) make(region, typ, name string, inputs map[string]any) sim.Object {
	c.t.Helper()
	o, err := c.world.Create(c.t.Context(), sim.Call{Region: region, Type: typ, Name: name, Inputs: inputs, Limit: time.Hour})
	require.NoError(c.t, err)
	return o
}

// parameter sets a parameter of Parameter Store.
func (c *cloud) parameter(region, name, value string) {
	c.t.Helper()
	c.make(region, "aws:ssm/parameter:Parameter", name, map[string]any{"name": name, "type": "String", "value": value, "overwrite": true})
}

// secret keeps values in Secrets Manager, and tells its ARN.
func (c *cloud) secret(region, name string, values map[string]string) (arn string) {
	c.t.Helper()
	text, err := json.Marshal(values)
	require.NoError(c.t, err)
	arn = c.make(region, "aws:secretsmanager/secret:Secret", name, map[string]any{"name": name}).ID
	c.make(region, "aws:secretsmanager/secretVersion:SecretVersion", name, map[string]any{"secretId": arn, "secretString": string(text)})
	return arn
}

// keys are the names of the objects in a bucket.
func (c *cloud) keys(region, bucket string) (keys []string) {
	c.t.Helper()
	held, err := c.world.Uploads(region, bucket)
	require.NoError(c.t, err)
	for _, u := range held {
		keys = append(keys, u.Key)
	}
	return keys
}

// unmodelled are the requests that the simulator does not know. A test that meets one
// has seen less than it says.
func (c *cloud) unmodelled() (requests []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, line := range c.asked {
		if strings.Contains(line, "NotModelled") {
			requests = append(requests, line)
		}
	}
	return slices.Compact(requests)
}

// The credentials of an instance's role.
const (
	accessKey    = "ASIASIMULATEDROLE000"
	secretKey    = "simulated"
	sessionToken = "simulated-session"
	role         = "site-instance"
)

// newS3fs is where .ci/run puts an s3fs of FUSE 3.
func newS3fs() string {
	dir, _ := os.UserCacheDir() // without one there is none
	return filepath.Join(dir, "pilotlight-ci", "s3fs-1.97", "s3fs")
}

// metadata is IMDSv2: without a token it answers nothing. An exception is made for Debian
// 12's s3fs 1.90, which can't get a role that way (s3fs-fuse/s3fs-fuse#1760).
func (i *instance) metadata(w http.ResponseWriter, req *http.Request) {
	const token = "simulated-imds-token"
	path := strings.TrimPrefix(strings.TrimSuffix(req.URL.Path, "/"), "/latest/")
	if path == "api/token" && req.Method == http.MethodPut && cmp.Or(req.Header.Get("X-Aws-Ec2-Metadata-Token-Ttl-Seconds"), "0") != "0" {
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", req.Header.Get("X-Aws-Ec2-Metadata-Token-Ttl-Seconds"))
		_, _ = io.WriteString(w, token)
		return
	}
	if req.Header.Get("X-Aws-Ec2-Metadata-Token") != token && i.cloud.s3fs != "" {
		http.Error(w, "", http.StatusUnauthorized)
		return
	}
	document, err := json.Marshal(map[string]string{"accountId": sim.Account, "instanceId": i.id, "region": i.region, "availabilityZone": i.region + "a", "privateIp": i.address})
	answers := map[string]string{
		"user-data": i.userData, "meta-data/instance-id": i.id, "meta-data/local-ipv4": i.address,
		"meta-data/placement/region": i.region, "meta-data/placement/availability-zone": i.region + "a",
		"dynamic/instance-identity/document": string(document), "meta-data/iam/security-credentials": role,
		"meta-data/iam/security-credentials/" + role: fmt.Sprintf(`{"Code":"Success","Type":"AWS-HMAC","LastUpdated":%q,"Expiration":%q,"AccessKeyId":%q,"SecretAccessKey":%q,"Token":%q}`,
			time.Now().UTC().Format(time.RFC3339), time.Now().UTC().Add(6*time.Hour).Format(time.RFC3339), accessKey, secretKey, sessionToken),
	}
	answer, found := answers[path]
	if err != nil || !found {
		http.NotFound(w, req)
		return
	}
	_, _ = io.WriteString(w, answer)
}
