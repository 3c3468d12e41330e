// Package kurrentdbtest is a stand-in for KurrentDB in tests: servers in memory that speak the database's gRPC protocol,
// built on the protobuf packages of its own client, as far as the adapter uses it: streams (Read, Append), gossip and
// server features. It does nothing else, and nothing outlives it. It is as strict as the real server where a client can be
// wrong: positions that are nobody's, names that are the database's own, appends that are too large.
//
// What a real network does is done with Faults, Stop and Start.
package kurrentdbtest

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Options are what a server asks of its clients.
type Options struct {
	// TLS is the server's certificate; nil: it speaks in clear.
	TLS *tls.Config
	// User and Password must be given, where User is not empty.
	User, Password string
	// MaxAppendSize bounds one append, in bytes. 0: 8 MiB, as deploy/kurrentdb sets it.
	MaxAppendSize int
	// Others: another application writes into the database too.
	Others bool
}

// Faults are what goes wrong. A nil func does nothing.
type Faults struct {
	// BeforeAppend and AfterAppend are called before an append is written and after that; the client gets the error.
	BeforeAppend, AfterAppend func(stream string) error
	// BeforeSend is called before an event is sent, with how many this call has sent. stream is empty for the whole log.
	BeforeSend func(stream string, sent int) error
	// Rewind is how many events a subscription sends again that are before its position.
	Rewind int
}

// Server is one node of a database.
type Server struct {
	streams.UnimplementedStreamsServer
	serverfeatures.UnimplementedServerFeaturesServer

	cluster *cluster
	options Options
	address string
	faults  atomic.Pointer[Faults]

	mu      sync.Mutex
	serving *grpc.Server // nil while it is stopped
}

// cluster is the nodes that have the same events. They are all in one place, so no node is ever behind.
type cluster struct {
	database *database
	nodes    []*Server
	leader   atomic.Pointer[Server]
}

// Start starts a database of one node.
func Start(options Options) (*Server, error) {
	nodes, err := StartCluster(1, options)
	if err != nil {
		return nil, err
	}
	return nodes[0], nil
}

// StartCluster starts a database of several nodes; the first is the leader.
func StartCluster(nodes int, options Options) ([]*Server, error) {
	if options.MaxAppendSize == 0 {
		options.MaxAppendSize = 8 << 20
	}
	c := &cluster{database: newDatabase(options.Others)}
	for range nodes {
		s := &Server{cluster: c, options: options, address: "127.0.0.1:0"}
		s.faults.Store(&Faults{})
		if err := s.Start(); err != nil {
			for _, started := range c.nodes {
				started.Stop()
			}
			return nil, err
		}
		c.nodes = append(c.nodes, s)
	}
	c.leader.Store(c.nodes[0])
	return c.nodes, nil
}

// Address is the host and port of the server, also while it is stopped.
func (s *Server) Address() string { return s.address }

// URL is the connection string of a server in clear that asks for no password.
func (s *Server) URL() string { return "esdb://" + s.address + "?tls=false" }

// SetFaults lets things go wrong from now on.
func (s *Server) SetFaults(f Faults) { s.faults.Store(&f) }

// Lead makes the server the leader of its cluster.
func (s *Server) Lead() { s.cluster.leader.Store(s) }

// Stop ends the server at once, in the middle of whatever it does. Its events stay.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.serving != nil {
		s.serving.Stop()
		s.serving = nil
	}
}

// Start lets the server serve, again at the same address after Stop.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		return err
	}
	s.address = listener.Addr().String()
	options := []grpc.ServerOption{grpc.StreamInterceptor(s.admit)}
	if s.options.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(s.options.TLS)))
	}
	s.serving = grpc.NewServer(options...)
	streams.RegisterStreamsServer(s.serving, s)
	gossip.RegisterGossipServer(s.serving, gossiper{cluster: s.cluster})
	serverfeatures.RegisterServerFeaturesServer(s.serving, s)
	go s.serving.Serve(listener) // ends with Stop
	return nil
}

// gossiper is the gossip service. It is a type of its own, for the streams service has a method of the same name.
type gossiper struct {
	gossip.UnimplementedGossipServer
	cluster *cluster
}

// Read tells the members of the cluster.
func (g gossiper) Read(context.Context, *shared.Empty) (*gossip.ClusterInfo, error) {
	info := &gossip.ClusterInfo{}
	for _, node := range g.cluster.nodes {
		host, port := node.endpoint()
		state := gossip.MemberInfo_Follower
		if node == g.cluster.leader.Load() {
			state = gossip.MemberInfo_Leader
		}
		info.Members = append(info.Members, &gossip.MemberInfo{
			State: state, IsAlive: node.isServing(), HttpEndPoint: &gossip.EndPoint{Address: host, Port: port},
		})
	}
	return info, nil
}

func (s *Server) isServing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.serving != nil
}

func (s *Server) endpoint() (host string, port uint32) {
	address, err := net.ResolveTCPAddr("tcp", s.address)
	if err != nil {
		panic(err) // it is the address of a listener
	}
	return address.IP.String(), uint32(address.Port)
}

// GetSupportedMethods implements the server's features.
func (s *Server) GetSupportedMethods(context.Context, *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	return &serverfeatures.SupportedMethods{
		EventStoreServerVersion: "24.10.0",
		Methods: []*serverfeatures.SupportedMethod{
			{ServiceName: "event_store.client.streams.streams", MethodName: "append"},
			{ServiceName: "event_store.client.streams.streams", MethodName: "read"},
		},
	}, nil
}

// admit lets in who may, and sends away who must be answered by the leader. Gossip and features are for everybody.
func (s *Server) admit(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	sent, _ := metadata.FromIncomingContext(stream.Context())
	if s.options.User != "" {
		want := "Basic " + base64.StdEncoding.EncodeToString([]byte(s.options.User+":"+s.options.Password))
		if given := sent.Get("authorization"); len(given) == 0 || given[0] != want {
			return status.Error(codes.Unauthenticated, "who are you?")
		}
	}
	if wanted := sent.Get("requires-leader"); len(wanted) > 0 && wanted[0] == "true" {
		if leader := s.cluster.leader.Load(); leader != s {
			host, port := leader.endpoint()
			stream.SetTrailer(metadata.Pairs(
				"exception", "not-leader", "leader-endpoint-host", host, "leader-endpoint-port", fmt.Sprint(port),
			))
			return status.Error(codes.NotFound, "Leader info available")
		}
	}
	return handle(server, stream)
}
