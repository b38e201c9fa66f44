// A server of a few lines on pkg/sftp, the library inside SFTPGo: what Go costs without a product around it.
//
//	gosftp ADDRESS HOST_KEY AUTHORIZED_KEYS
package main

import (
	"errors"
	"io"
	"log"
	"net"
	"os"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

func main() {
	listener, err := net.Listen("tcp", os.Args[1])
	must(err)
	config := configuration(os.Args[2], os.Args[3])
	for {
		line, err := listener.Accept()
		must(err)
		go serve(line, config)
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func configuration(hostKey string, allowed string) *ssh.ServerConfig {
	rest, err := os.ReadFile(allowed)
	must(err)
	known := map[string]bool{}
	for {
		key, _, _, more, err := ssh.ParseAuthorizedKey(rest)
		if err != nil {
			break
		}
		known[string(key.Marshal())] = true
		rest = more
	}
	config := &ssh.ServerConfig{
		PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if known[string(key.Marshal())] {
				return nil, nil
			}
			return nil, errors.New("unknown key")
		},
	}
	text, err := os.ReadFile(hostKey)
	must(err)
	signer, err := ssh.ParsePrivateKey(text)
	must(err)
	config.AddHostKey(signer)
	return config
}

func serve(line net.Conn, config *ssh.ServerConfig) {
	_, channels, requests, err := ssh.NewServerConn(line, config)
	if err != nil {
		line.Close()
		return
	}
	go ssh.DiscardRequests(requests)
	for asked := range channels {
		channel, asks, err := asked.Accept()
		if err != nil {
			continue
		}
		go func() {
			for ask := range asks {
				ask.Reply(ask.Type == "subsystem", nil)
				if ask.Type == "subsystem" {
					go session(channel)
				}
			}
		}()
	}
}

func session(channel ssh.Channel) {
	server, err := sftp.NewServer(channel, sftp.WithAllocator())
	if err == nil && server.Serve() == io.EOF {
		server.Close()
	}
	channel.Close()
}
