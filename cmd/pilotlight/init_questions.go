package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/setup"
)

// question is one thing that only the site's owner knows: a flag, or asked for.
type question struct {
	flag, text string
	answer     *string
	preset     func() string // taken for an empty answer; nil is none
	optional   bool
	of         string   // which production it goes with: "made", "existing", or both
	keys       []string // what tells of a bad answer, as stack and key
	says       string   // what to do about one, where it isn't as the key's remedy says
}

const (
	made            = "made"
	existing        = "existing"
	unencryptedFlag = "production-unencrypted"
)

// questions are all that there are, in the order in which they are asked.
func (o *initOptions) questions() []question {
	s, e := &o.site, &o.existing
	prod := question{
		flag: "prod-region", text: "AWS region of production", answer: &s.Prod.Region,
		keys: []string{"prod aws:region", "dr production.region"},
	}
	dr := question{
		flag: "dr-region", text: "AWS region of the pilot light, of the same partition", answer: &s.DR.Region,
		preset: o.otherRegion, keys: []string{"dr aws:region", "prod peer.region"},
	}
	regions := []question{prod, dr}
	if s.Existing != nil { // then what the file says of production is judged by the region that the file is for
		dr.preset = nil
		regions = []question{dr, prod}
	}
	return slices.Concat([]question{
		{
			flag: "site", text: "short name of the site, the prefix of all its resources", answer: &s.Name,
			keys: []string{"dr site", "prod site and the stack's name", "dr site and the stack's name"},
		},
		{flag: "domain", text: "the site's own name, such as www.example.com", answer: &s.Domain, keys: []string{"dr domain"}},
	}, regions, []question{
		{flag: "production-cidr", text: "network of production's VPC, such as 10.10.0.0/16", answer: &e.CIDR, of: existing, keys: []string{"dr production.cidr"}},
		{flag: "production-database", text: "ARN of production's RDS for MySQL instance", answer: &e.Database, of: existing, keys: []string{"dr production.database"}},
		{flag: "production-bucket", text: "ARN of production's media bucket", answer: &e.Bucket, of: existing, keys: []string{"dr production.bucket"}},
		{
			flag: "zone-id", text: "id of the Route 53 zone that holds the domain, or " + setup.ManualDNS + " if a person changes the record",
			answer: &s.Zone, keys: []string{"dr dns.zoneId"},
			says: "set it to the id of the Route 53 zone that holds the domain, or to " + setup.ManualDNS,
		},
		{flag: "prod-image", text: "id of the machine image in production's region", answer: &s.Prod.Image, of: made, keys: []string{"prod app.image"}},
		{flag: "dr-image", text: "id of the machine image in the pilot light's region, a copy of production's", answer: &s.DR.Image, keys: []string{"dr app.image"}},
		{
			flag: "prod-certificate", text: "TLS certificate in production's region: its ARN, or request to have ACM issue one; empty serves plain HTTP", answer: &s.Prod.Certificate,
			optional: true, of: made, keys: []string{"prod app.certificate"},
		},
		{
			flag: "dr-certificate", text: "TLS certificate in the pilot light's region: its ARN, or request; empty serves plain HTTP", answer: &s.DR.Certificate,
			preset: o.sameCertificate, optional: true, keys: []string{"dr app.certificate"},
		},
	})
}

// asked are the questions that go with the production that there is or will be.
func (o *initOptions) asked() []question {
	other := existing
	if o.site.Existing != nil {
		other = made
	}
	return slices.DeleteFunc(o.questions(), func(q question) bool { return q.of == other })
}

// missing are the questions without which there can be no file.
func (o *initOptions) missing() []question {
	return slices.DeleteFunc(o.asked(), func(q question) bool { return q.optional || o.given[q.flag] })
}

// flagNames are those that say what is otherwise asked for.
func (o *initOptions) flagNames() []string {
	names := []string{unencryptedFlag}
	for _, q := range o.questions() {
		names = append(names, q.flag)
	}
	return names
}

// productionGiven reports whether flags describe a production that exists.
func (o *initOptions) productionGiven() (bool, error) {
	given := map[string]string{}
	if o.given[unencryptedFlag] {
		given[existing] = unencryptedFlag
	}
	for _, q := range o.questions() {
		if o.given[q.flag] && q.of != "" {
			given[q.of] = q.flag
		}
	}
	if given[made] != "" && given[existing] != "" {
		return false, &usageError{fmt.Errorf("--%s describes a production that exists, --%s one to be made: leave one of them out", given[existing], given[made])}
	}
	return given[existing] != "", nil
}

// otherRegion is the one that a partition of two leaves.
func (o *initOptions) otherRegion() string {
	return map[string]string{"cn-north-1": "cn-northwest-1", "cn-northwest-1": "cn-north-1"}[o.site.Prod.Region]
}

// sameCertificate is production's, if it is one of the whole account, or requested.
func (o *initOptions) sameCertificate() string {
	if strings.Contains(o.site.Prod.Certificate, ":server-certificate/") || o.site.Prod.Certificate == setup.CertificateRequest {
		return o.site.Prod.Certificate
	}
	return ""
}

// remedy says what to do about a bad answer; empty is a good one.
func (o *initOptions) remedy(q question) (string, error) {
	problems, err := o.site.Problems()
	if err != nil {
		return "", err
	}
	for _, key := range q.keys {
		stack, key, _ := strings.Cut(key, " ")
		for _, problem := range problems[stack] {
			switch {
			case problem.Key == key && q.says != "":
				return q.says, nil
			case problem.Key == key:
				return problem.Remedy, nil
			}
		}
	}
	return "", nil
}

func (q question) refused(remedy string) error {
	return fmt.Errorf("--%s is %q: %s", q.flag, *q.answer, remedy)
}

// ask holds the dialogue.
func (o *initOptions) ask(ctx context.Context) error {
	fmt.Fprintln(o.progress, "An empty answer takes what stands in brackets. Nothing is written before the last answer.")
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	lines := o.lines(ctx)
	describes := slices.ContainsFunc(o.questions(), func(q question) bool { return o.given[q.flag] && q.of != "" })
	if !describes && !o.given[unencryptedFlag] {
		exists, err := o.confirm(ctx, lines, "Does production exist already, made by something else", false)
		if err != nil {
			return err
		}
		if exists {
			o.site.Existing = &o.existing
		}
	}
	if err := o.inTheWay(); err != nil {
		return err
	}
	for _, q := range o.asked() {
		if err := o.answer(ctx, lines, q); err != nil {
			return err
		}
		if q.answer == &o.existing.Database && !o.given[unencryptedFlag] {
			encrypted, err := o.confirm(ctx, lines, "Is that instance encrypted", true)
			if err != nil {
				return err
			}
			o.existing.Unencrypted = !encrypted
		}
	}
	return nil
}

// answer asks one question until the answer will do. A flag is not asked about.
func (o *initOptions) answer(ctx context.Context, lines <-chan string, q question) error {
	for {
		if !o.given[q.flag] {
			preset := ""
			if q.preset != nil {
				preset = q.preset()
			}
			line, err := o.prompt(ctx, lines, strings.ToUpper(q.text[:1])+q.text[1:], preset)
			if err != nil {
				return err
			}
			*q.answer = line
		}
		remedy, err := o.remedy(q)
		switch {
		case err != nil:
			return err
		case remedy == "":
			return nil
		case o.given[q.flag]:
			return &usageError{q.refused(remedy)}
		}
		fmt.Fprintf(o.progress, "  %q won't do: %s\n", *q.answer, remedy)
	}
}

// confirm asks for a yes or a no.
func (o *initOptions) confirm(ctx context.Context, lines <-chan string, text string, preset bool) (bool, error) {
	answers := map[string]bool{"yes": true, "y": true, "no": false, "n": false}
	for {
		line, err := o.prompt(ctx, lines, text, map[bool]string{true: "yes", false: "no"}[preset])
		if err != nil {
			return false, err
		}
		if answer, ok := answers[strings.ToLower(line)]; ok {
			return answer, nil
		}
		fmt.Fprintf(o.progress, "  %q won't do: answer yes or no\n", line)
	}
}

func (o *initOptions) prompt(ctx context.Context, lines <-chan string, text, preset string) (string, error) {
	if preset != "" {
		text += " [" + preset + "]"
	}
	fmt.Fprint(o.progress, text+": ")
	select {
	case line, ok := <-lines:
		if !ok {
			fmt.Fprintln(o.progress)
			return "", errors.New("the answers ended before the last question: nothing was written")
		}
		if line == "" {
			line = preset
		}
		return line, nil
	case <-ctx.Done():
		fmt.Fprintln(o.progress)
		return "", fmt.Errorf("interrupted, nothing was written: %w", ctx.Err())
	}
}

// lines are what is typed. A read can't be interrupted, so it is left behind when
// the dialogue is.
func (o *initOptions) lines(ctx context.Context) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(o.in); scanner.Scan(); {
			select {
			case lines <- strings.TrimSpace(scanner.Text()):
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}
