package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/sim/server"
)

func newSimCmd() *cobra.Command {
	cmd := ofVerbs(&cobra.Command{
		Use:   "sim",
		Short: "Try every verb on a simulated AWS that stays up between commands",
		Long: "Sim serve keeps a simulated AWS up. Every other command of pilotlight works on it, and on nothing else,\n" +
			"where " + server.Variable + " holds its address. No account is needed.",
	})
	cmd.AddCommand(newSimServeCmd(), newSimLoseCmd(), newSimReturnCmd(), newSimFaultCmd(), newSimWaitCmd(), newSimStatusCmd(), newSimEnvCmd())
	return cmd
}

func newSimServeCmd() *cobra.Command {
	var o server.Options
	dir := "sim-site"
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Keep a simulated AWS up until Ctrl-C",
		Long: "Serve makes a folder with the project of a site, and a simulated AWS for it, which it keeps in that folder too:\n" +
			"serving the folder again goes on where it was.",
		Args: simArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkNewRegions(o); err != nil {
				return &usageError{err}
			}
			if o.Speed < 0 {
				return &usageError{fmt.Errorf("--speed is %g: set it to 0 or more", o.Speed)}
			}
			o.Dir = dir
			return serve(cmd.Context(), o, cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&dir, "dir", dir, "folder of the project and the world")
	flags.StringVar(&o.ProdRegion, "prod-region", "", "region of production (default us-west-2, or that of the folder)")
	flags.StringVar(&o.DRRegion, "dr-region", "", "region of the pilot light (default us-east-2, or that of the folder)")
	flags.Uint64Var(&o.Seed, "seed", 0, "equal seeds give equal durations (default 1, or that of the folder)")
	flags.StringVar(&o.Listen, "listen", "127.0.0.1:4700", "local address")
	flags.BoolVar(&o.Remote, "remote", false, "let --listen name an address that other machines reach: all who reach it command the simulated AWS")
	flags.Float64Var(&o.Speed, "speed", 60, "how much faster than real time the simulated one passes while no command runs")
	return cmd
}

// checkNewRegions judges a pair of regions where both are named.
func checkNewRegions(o server.Options) error {
	if o.ProdRegion == "" || o.DRRegion == "" {
		return nil
	}
	return scenario.CheckRegions(o.ProdRegion, o.DRRegion)
}

func serve(ctx context.Context, o server.Options, out io.Writer) error {
	o.Tell = func(line string) { fmt.Fprintln(out, line) }
	srv, err := server.Serve(o)
	if _, wrong := errors.AsType[*server.AskedWrongError](err); wrong {
		return &usageError{err}
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, `A simulated AWS is served at %[1]s. In another terminal:

  export %[2]s=%[1]s
  cd %[3]s
  pilotlight deploy

A visitor sees:    curl -x $%[2]s http://www.example.com/
A disaster:        pilotlight sim lose REGION; the rest is in pilotlight sim --help
Simulated time:    while a command runs, what it waits for; else %[4]g s a second
Ctrl-C ends this, and breaks off what is under way. The world stays in the folder:
                   pilotlight sim serve --dir %[3]s

`, srv.URL(), server.Variable, quote(srv.Dir()), o.Speed)
	<-ctx.Done()
	return srv.Close()
}

func newSimLoseCmd() *cobra.Command {
	how := string(sim.Hang)
	cmd := newSimAction("lose REGION", "Take a region away", func(ctx context.Context, p *server.Client, region string) error {
		return p.Lose(ctx, region, sim.How(how))
	})
	cmd.Flags().StringVar(&how, "outage", how, "how its APIs behave: refuse or hang")
	return cmd
}

func newSimReturnCmd() *cobra.Command {
	return newSimAction("return REGION", "Give a lost region back", func(ctx context.Context, p *server.Client, region string) error {
		return p.Return(ctx, region)
	})
}

// noFault is the fault that takes all others back.
const noFault = "none"

func newSimFaultCmd() *cobra.Command {
	cmd := newSimAction("fault NAME=VALUE", "Let something go wrong", func(ctx context.Context, p *server.Client, fault string) error {
		if fault == noFault {
			return p.Heal(ctx)
		}
		return p.Inject(ctx, fault)
	})
	cmd.Long = "Faults:\n" + faultHelp() + "  " + noFault + "\n      takes all of them back"
	return cmd
}

func newSimWaitCmd() *cobra.Command {
	return newSimAction("wait DURATION", "Let simulated time pass, such as 30m", func(ctx context.Context, p *server.Client, text string) error {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return &usageError{fmt.Errorf("%q is no duration: use one such as 90s, 30m or 12h", text)}
		}
		return p.Sleep(ctx, d)
	})
}

func newSimStatusCmd() *cobra.Command {
	var asJSON *bool
	cmd := newSimQuery("status", "Show what the simulated AWS is like", func(ctx context.Context, p *server.Client, out io.Writer) error {
		return showWorld(ctx, p, out, *asJSON)
	})
	asJSON = jsonFlag(cmd)
	return cmd
}

func newSimEnvCmd() *cobra.Command {
	cmd := newSimQuery("env", "Print the environment of other tools that work on the simulated AWS", func(_ context.Context, p *server.Client, out io.Writer) error {
		env := p.Options().EnvVars
		env["AWS_ENDPOINT_URL"] = p.URL()
		env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"] = "AKIASIMULATED", "simulated"
		for _, name := range slices.Sorted(maps.Keys(env)) {
			fmt.Fprintf(out, "export %s=%s\n", quote(name), quote(env[name]))
		}
		return nil
	})
	cmd.Long = "Env prints what aws, and pulumi as far as it reads state and configuration, need to work on the simulated AWS:\n\n" +
		"  eval \"$(pilotlight sim env)\"\n  aws rds describe-db-instances --region us-east-2\n  pulumi stack output -s dr"
	return cmd
}

// newSimAction is a command that changes something, and shows what came of it.
func newSimAction(use, short string, act func(ctx context.Context, p *server.Client, what string) error) *cobra.Command {
	name, what, _ := strings.Cut(use, " ")
	var asJSON *bool
	cmd := &cobra.Command{Use: use, Short: short, Args: simArgs(what), RunE: func(cmd *cobra.Command, args []string) error {
		return inSession(cmd.Context(), func(ctx context.Context, p *server.Client) error {
			if err := act(ctx, p, args[0]); err != nil {
				err = fmt.Errorf("sim %s: %w", name, err)
				if _, wrong := errors.AsType[*server.AskedWrongError](err); wrong {
					return &usageError{err}
				}
				return err
			}
			return showWorld(ctx, p, cmd.OutOrStdout(), *asJSON)
		})
	}}
	asJSON = jsonFlag(cmd)
	return cmd
}

// jsonFlag lets a command show the world as JSON.
func jsonFlag(cmd *cobra.Command) *bool { return cmd.Flags().Bool("json", false, "print it as JSON") }

// newSimQuery is a command that only shows something.
func newSimQuery(use, short string, show func(context.Context, *server.Client, io.Writer) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: simArgs(), RunE: func(cmd *cobra.Command, _ []string) error {
		return inSession(cmd.Context(), func(ctx context.Context, p *server.Client) error { return show(ctx, p, cmd.OutOrStdout()) })
	}}
}

// simArgs takes exactly the arguments of these names.
func simArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		return &usageError{fmt.Errorf("use it as %s, not with %q", cmd.UseLine(), args)}
	}
}

// inSession runs something in a session with the world that the environment names.
func inSession(ctx context.Context, do func(context.Context, *server.Client) error) error {
	p, err := server.FromEnvironment(ctx)
	if err != nil {
		return err
	}
	if p == nil {
		return errors.New(server.Variable + " is not set: start pilotlight sim serve, and do what it says")
	}
	defer p.Close()
	return do(ctx, p)
}

func showWorld(ctx context.Context, p *server.Client, out io.Writer, asJSON bool) error {
	s, err := p.Status(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(out, s)
	}
	region := func(name string) string {
		if loss, gone := s.Lost[name]; gone {
			return fmt.Sprintf("%s, lost since %s (%s)", name, simTime(loss.At), loss.How)
		}
		return name
	}
	fmt.Fprintf(out, "time        %s\n", simTime(s.Now))
	fmt.Fprintf(out, "site        %s\n", s.Visitors)
	fmt.Fprintf(out, "production  %s\n", region(s.ProdRegion))
	fmt.Fprintf(out, "pilot light %s\n", region(s.DRRegion))
	for _, name := range slices.Sorted(maps.Keys(s.Lost)) {
		if name != s.ProdRegion && name != s.DRRegion {
			fmt.Fprintf(out, "also        %s\n", region(name))
		}
	}
	for _, fault := range s.Faults {
		fmt.Fprintf(out, "fault       %s=%s\n", fault.Name, fault.Value)
	}
	return nil
}

func simTime(t time.Time) string { return t.UTC().Format("Mon 2 Jan 15:04:05") }

// plainWord is what every shell takes for one word, as it is.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@+,-][A-Za-z0-9_./:@+,=-]*$`)

// quote is a text as a shell takes it for one word.
func quote(text string) string {
	if plainWord.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
