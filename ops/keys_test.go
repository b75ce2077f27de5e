package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/state"
)

func TestKeyTrouble(t *testing.T) {
	t.Parallel()
	const address = "awskms://alias/blog-state?region=us-west-1"
	kms := func(code string) error {
		return fmt.Errorf("operation error KMS: %w", &smithy.GenericAPIError{Code: code, Message: "it says so"})
	}
	for name, tc := range map[string]struct {
		address, reason, remedy string
		err                     error
	}{
		"disabled":        {address, "the key is disabled: DisabledException: it says so", "aws kms enable-key --key-id $(aws kms describe-key --region us-west-1 --key-id alias/blog-state --query KeyMetadata.Arn --output text) --region us-west-1", kms("DisabledException")},
		"to be deleted":   {address, "the key can't be used: KMSInvalidStateException", " --region us-west-1 && aws kms enable-key --key-id $(aws kms describe-key", kms("KMSInvalidStateException")},
		"deleted":         {address, "KMS has no key that decrypts them: NotFoundException", "make the states anew", kms("NotFoundException")},
		"another region":  {address, "KMS has no key that decrypts them: InvalidCiphertextException", "see that the address names the key's own region", kms("InvalidCiphertextException")},
		"denied":          {address, "KMS does not decrypt them: AccessDeniedException", "use credentials that may kms:Decrypt", kms("AccessDeniedException")},
		"silent":          {address, "KMS in us-west-1 does not answer: nothing within 5s", "pilotlight bootstrap --move", context.DeadlineExceeded},
		"refuses to talk": {"awskms://alias/blog-state", "KMS in the region of AWS_REGION does not answer: connection refused", "", unsent("connection refused")},
		"no such name":    {address, "KMS in us-west-1 does not answer: lookup kms", "", fmt.Errorf("wrapped: %w", &net.DNSError{Err: "no such host", Name: "kms"})},
		"by its ARN":      {"awskms:///arn:aws:kms:us-west-1:123456789012:key/1", "the key is disabled", "aws kms enable-key --key-id arn:aws:kms:us-west-1:123456789012:key/1 --region us-west-1", kms("DisabledException")},
		"no region known": {"awskms://alias/blog-state", "the key is disabled", "aws kms enable-key --key-id $(aws kms describe-key --key-id alias/blog-state", kms("DisabledException")},
	} {
		reason, remedy := keyTrouble(tc.address, tc.err)
		assert.NotContains(t, remedy+".", "--region .", name)
		assert.Contains(t, reason, tc.reason, name)
		assert.Contains(t, reason, tc.address+" encrypts the secrets of its state, and ", name)
		assert.Contains(t, remedy, tc.remedy, name)
	}
}

// TestKeyWithoutTrouble: what says nothing of the key is left to the engine, and is no silence either.
func TestKeyWithoutTrouble(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"none":                  nil,
		"throttled":             &smithy.GenericAPIError{Code: "ThrottlingException"},
		"KMS in trouble":        &smithy.GenericAPIError{Code: "KMSInternalException"},
		"its own dependency":    &smithy.GenericAPIError{Code: "DependencyTimeoutException"},
		"credentials ended":     &smithy.GenericAPIError{Code: "ExpiredTokenException"},
		"no region":             errors.New("invalid configuration: missing region"),
		"an ended session":      fmt.Errorf("%w: %w", backend.ErrUnasked, &smithy.GenericAPIError{Code: "AccessDeniedException"}),
		"credentials not found": fmt.Errorf("%w: %w", backend.ErrUnasked, context.DeadlineExceeded),
	} {
		reason, remedy := keyTrouble("awskms://alias/blog-state?region=us-west-1", err)
		assert.Empty(t, reason+remedy, name)
		assert.False(t, silent(err), name)
	}
}

// unsent is the SDK's error of a request that no answer came to.
func unsent(why string) error {
	return &smithy.OperationError{ServiceID: "KMS", Err: &smithyhttp.RequestSendError{Err: errors.New(why)}}
}

// salt is one that pulumi wrote for the passphrase "one".
const salt = "v1:xpzcgmLBssI=:v1:r+bz98dXn5ng8RCn:wnrubEp2VE8bKHUWw4KNloKBSd1/eA=="

func TestPassphraseTrouble(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		phrase, salt string
		set          bool
		err          error
		reason       string
	}{
		"right":           {"one", salt, true, nil, ""},
		"another":         {"two", salt, true, nil, "the passphrase that is set here is not the one"},
		"none":            {"", salt, false, nil, "and none is set here"},
		"no file":         {"", salt, false, fs.ErrPermission, "the file that PULUMI_CONFIG_PASSPHRASE_FILE names can't be read: permission denied"},
		"of another form": {"two", "v2:", true, nil, ""},
	} {
		reason, remedy := passphraseTrouble(func() (string, bool, error) { return tc.phrase, tc.set, tc.err }, tc.salt)
		assert.Contains(t, reason, tc.reason, name)
		assert.Equal(t, tc.reason == "", reason == "", name)
		assert.Equal(t, tc.reason == "", remedy == "", name)
	}
}

func TestPassphrase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "phrase")
	require.NoError(t, os.WriteFile(file, []byte("from a file\n"), 0o600))
	for phrase, env := range map[string]map[string]string{
		"given":       {"PULUMI_CONFIG_PASSPHRASE": "given", "PULUMI_CONFIG_PASSPHRASE_FILE": file},
		"from a file": {"PULUMI_CONFIG_PASSPHRASE_FILE": "phrase"}, // counts from the project's folder
	} {
		got, found, err := (&Site{options: Options{Dir: dir, EnvVars: env}}).passphrase()
		require.NoError(t, err)
		assert.True(t, found)
		assert.Equal(t, phrase, got)
	}
	_, found, err := (&Site{options: Options{EnvVars: map[string]string{"PULUMI_CONFIG_PASSPHRASE_FILE": file + ".gone"}}}).passphrase()
	assert.False(t, found)
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

// aSite is a site of the project's own files and a backend in a folder. Each stack's file gets a line more, by the stack's name.
func aSite(t *testing.T, more map[string]string) (s *Site, states string) {
	t.Helper()
	dir := t.TempDir()
	for _, file := range []string{"Pulumi.yaml", config.FileName("prod"), config.FileName("dr")} {
		text, err := os.ReadFile(filepath.Join("..", file))
		require.NoError(t, err)
		for stack, line := range more {
			if file == config.FileName(stack) {
				text = append(text, line+"\n"...)
			}
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), text, 0o600))
	}
	states = filepath.Join(dir, "state", ".pulumi", "stacks", config.Project)
	require.NoError(t, os.MkdirAll(states, 0o700))
	s, err := OpenSite(Options{Dir: dir, EnvVars: map[string]string{"PULUMI_BACKEND_URL": "file://" + filepath.Join(dir, "state")}})
	require.NoError(t, err)
	return s, states
}

// TestSidesWithoutKeys: a stack looks as if it was never deployed only where its backend can be read and has none.
func TestSidesWithoutKeys(t *testing.T) {
	t.Parallel()
	const whole = `{"checkpoint": {"latest": {"secrets_providers": {"type": "service"}}}}`
	for name, tc := range map[string]struct {
		file, text, backend string
		ok                  bool
	}{
		"whole":          {file: "dr.json", text: whole, ok: true},
		"never deployed": {ok: true},
		"spoilt":         {file: "dr.json", text: whole[:20]},
		"Pulumi Cloud":   {backend: "https://api.pulumi.com"},
		"another bucket": {backend: "gs://state"},
		"no answer":      {backend: "s3://state?region=us-west-1"},
	} {
		s, states := aSite(t, nil)
		s.options.Env.AWS = unreached
		if tc.file != "" {
			require.NoError(t, os.WriteFile(filepath.Join(states, tc.file), []byte(tc.text), 0o600))
		}
		if tc.backend != "" {
			s.options.EnvVars["PULUMI_BACKEND_URL"] = tc.backend
		}
		sides, ok := s.sidesWithoutKeys(t.Context())
		assert.Equal(t, tc.ok, ok, name)
		if ok {
			assert.Len(t, sides, 2, name)
			assert.Equal(t, tc.file != "", sides[slices.Index(s.stacks, "dr")].State.SecretsProvider.Address == "service", name)
		}
	}
}

// unreached is AWS that no request arrives at.
func unreached(_ context.Context, region, _ string) (aws.Config, error) {
	return aws.Config{
		Region: region, Credentials: aws.AnonymousCredentials{}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient: smithyhttp.ClientDoFunc(func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") }),
	}, nil
}

// TestSidesWithoutKeysInTime: a bucket that does not answer holds both stacks up once, and no longer than a region.
func TestSidesWithoutKeysInTime(t *testing.T) {
	t.Parallel()
	s, _ := aSite(t, nil)
	s.options.EnvVars["PULUMI_BACKEND_URL"] = "s3://state?region=us-west-1"
	s.options.Env.AWS = func(ctx context.Context, region, profile string) (aws.Config, error) {
		cfg, err := unreached(ctx, region, profile)
		cfg.HTTPClient = smithyhttp.ClientDoFunc(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		return cfg, err
	}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, ok := s.sidesWithoutKeys(t.Context())
		assert.False(t, ok)
		assert.Equal(t, askFor, time.Since(began))
	})
}

// silentEngine opens a backend that does not answer: each command ends with its context.
type silentEngine struct{ auto.PulumiCommand }

func (silentEngine) Version() semver.Version { return semver.MustParse("3.200.0") }

func (silentEngine) Run(ctx context.Context, _ string, _ io.Reader, _, _ []io.Writer, _ []string, _ ...string) (stdout, stderr string, code int, err error) {
	<-ctx.Done()
	return "", "", -2, errors.New("signal: interrupt")
}

// TestBackendURLInTime: an engine that is logged in to a silent bucket is not waited for without end.
func TestBackendURLInTime(t *testing.T) {
	t.Parallel()
	s, _ := aSite(t, nil)
	options := s.options
	options.EnvVars, options.Command = nil, silentEngine{}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := backendURL(t.Context(), options)
		assert.ErrorContains(t, err, "finding where the state lies: the backend that the engine is logged in to does not answer within 30s")
		assert.Equal(t, openFor, time.Since(began))
	})
}

// loggedInEngine is an engine that tells where it is logged in, and counts how often it is asked.
type loggedInEngine struct {
	silentEngine
	home  string
	asked *int
}

func (e loggedInEngine) Run(context.Context, string, io.Reader, []io.Writer, []io.Writer, []string, ...string) (stdout, stderr string, code int, err error) {
	*e.asked++
	text, err := os.ReadFile(filepath.Join(e.home, "credentials.json"))
	var held struct{ Current string }
	err = errors.Join(err, json.Unmarshal(text, &held))
	return fmt.Sprintf(`{"user": "somebody", "url": %q}`, held.Current), "", 0, err
}

// TestBackendURLAnew: a process that lives on sees that the state was moved, and asks the engine no more often than that.
func TestBackendURLAnew(t *testing.T) {
	t.Parallel()
	s, _ := aSite(t, nil)
	options, home, asked := s.options, t.TempDir(), 0
	options.EnvVars, options.Command = map[string]string{"PULUMI_HOME": home}, loggedInEngine{home: home, asked: &asked}
	for n, url := range []string{"s3://old?region=us-west-2", "s3://new?region=us-west-1", "s3://old?region=us-west-2"} {
		require.NoError(t, os.WriteFile(filepath.Join(home, "credentials.json"), fmt.Appendf(nil, `{"current": %q}`, url), 0o600))
		for range 2 {
			found, err := backendURL(t.Context(), options)
			require.NoError(t, err)
			assert.Equal(t, url, found)
			assert.Equal(t, min(n+1, 2), asked)
		}
	}
	project, err := os.ReadFile(filepath.Join(options.Dir, "Pulumi.yaml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(options.Dir, "Pulumi.yaml"), append(project, "backend: {url: s3://third}\n"...), 0o600))
	_, err = backendURL(t.Context(), options)
	require.NoError(t, err)
	assert.Equal(t, 3, asked, "the project may name another backend")
}

// TestKeys: what encrypts a state is a passphrase only where its file has the salt of one.
func TestKeys(t *testing.T) {
	t.Parallel()
	const key = "awskms://alias/blog-state?region=us-west-1"
	for name, tc := range map[string]struct {
		file, state string
		provider    state.SecretsProvider
		keys        []string
	}{
		"a service":            {"", "service", state.SecretsProvider{}, []string{"service"}},
		"never deployed":       {"", "", state.SecretsProvider{}, []string{}},
		"default":              {"secretsprovider: default", "service", state.SecretsProvider{}, []string{"service"}},
		"a passphrase":         {"encryptionsalt: " + salt, "passphrase", state.SecretsProvider{Address: state.Passphrase, Salt: salt}, []string{"passphrase"}},
		"a key":                {"secretsprovider: " + key + "\nencryptedkey: c2VhbGVk", key, state.SecretsProvider{Address: key, EncryptedKey: []byte("sealed")}, []string{key}},
		"a key, changed since": {"secretsprovider: " + key, "passphrase", state.SecretsProvider{Address: key, EncryptedKey: []byte{}}, []string{key, "passphrase"}},
		"a key, an old salt":   {"secretsprovider: " + key + "\nencryptionsalt: " + salt, key, state.SecretsProvider{Address: key, EncryptedKey: []byte{}}, []string{key}},
	} {
		s, _ := aSite(t, map[string]string{"dr": tc.file})
		provider, err := providerInFile(s.options.Dir, "dr")
		require.NoError(t, err, name)
		assert.Equal(t, tc.provider, provider, name)
		side := Side{Config: config.Config{Stack: "dr"}}
		side.State.SecretsProvider.Address = tc.state
		assert.Equal(t, tc.keys, s.keys([]Side{side}), name)
	}
}

// TestPlannedWithoutPassphrase: why the engine could not plan is said beside the passphrase that is not set.
func TestPlannedWithoutPassphrase(t *testing.T) {
	t.Parallel()
	s, _ := aSite(t, map[string]string{"dr": "encryptionsalt: " + salt})
	s.options.EnvVars["PULUMI_CONFIG_PASSPHRASE"] = "two"
	var ready Readiness
	plan, err := s.planned(t.Context(), Evidence{Plan: func(context.Context, Change) (Plan, error) { return Plan{}, errors.New("the engine's own words") }}, Change{Stack: "dr"}, &ready)
	require.NoError(t, err)
	assert.Contains(t, plan.Refusal, "the engine's own words")
	require.Len(t, ready.Requirements, 1)
	assert.Equal(t, refusal.CodeKeys, ready.Requirements[0].Code)
}

func TestLostKeys(t *testing.T) {
	t.Parallel()
	lost, damaged := &refusal.Error{Code: refusal.CodeKeys, Stack: "dr"}, &refusal.Error{Code: refusal.CodeState, Stack: "prod"}
	assert.Len(t, lostKeys(errors.Join(lost, lost)), 2)
	assert.Len(t, lostKeys(errors.Join(damaged, lost)), 1)
	assert.Len(t, lostKeys(fmt.Errorf("reading: %w", lost)), 1)
	assert.Empty(t, lostKeys(damaged))
	assert.Empty(t, lostKeys(nil))
}

// TestNewProvider: a new stack is encrypted as its file says, or as its peer's does; a site with a production that no stack made has
// no peer, and a file that can't be read names none.
func TestNewProvider(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"own":      "secretsprovider: awskms://alias/own\nconfig:\n  pilotlight:peer: {stack: keyed, region: us-west-2, cidr: 10.1.0.0/16}\n",
		"keyed":    "secretsprovider: awskms://alias/peer\nencryptedkey: AAAA\n",
		"beside":   "config:\n  pilotlight:peer: {stack: keyed, region: us-west-2, cidr: 10.1.0.0/16}\n",
		"existing": "config:\n  pilotlight:production: {region: us-west-2}\n",
		"broken":   "config: [",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi."+name+".yaml"), []byte(text), 0o600))
	}
	for stack, want := range map[string]string{"own": "awskms://alias/own", "beside": "awskms://alias/peer", "existing": "", "broken": "", "none": ""} {
		assert.Equal(t, want, newProvider(dir, stack), stack)
	}
}
