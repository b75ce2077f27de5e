package provider

import (
	"context"
	"fmt"
	"net"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"

	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/enginewatch"
)

// maxMessage is what Pulumi allows its own plugins.
const maxMessage = 400 << 20

// A Server is a world's provider, running.
type Server struct {
	grpc *grpc.Server
	port int
}

// Serve starts the provider on a free local port.
func Serve(w *sim.World) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the simulated provider: %w", err)
	}
	s := &Server{
		grpc: grpc.NewServer(grpc.UnaryInterceptor(counted(w)), grpc.MaxRecvMsgSize(maxMessage)),
		port: listener.Addr().(*net.TCPAddr).Port,
	}
	pulumirpc.RegisterResourceProviderServer(s.grpc, plugin.NewProviderServer(&provider{world: w, connections: map[string]*connection{}}))
	go func() { _ = s.grpc.Serve(listener) }() // ends with Stop, and there is no one to tell
	return s, nil
}

// Port is where the provider listens: PULUMI_DEBUG_PROVIDERS=aws:PORT makes an
// engine use it.
func (s *Server) Port() int { return s.port }

// Close breaks off what is being served and stops.
func (s *Server) Close() { s.grpc.Stop() }

// counted keeps the clock still while a call is served and awake, and counts it
// for package enginewatch.
func counted(w *sim.World) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		done := enginewatch.Serving(ctx)
		defer done()
		name := info.FullMethod
		if r, ok := req.(interface{ GetUrn() string }); ok {
			name = r.GetUrn() + name
		}
		ctx, release := w.Clock().Hold(ctx, name)
		defer release()
		return handler(ctx, req)
	}
}
