// Calls a method by the library that profilecli and Grafana use, in one of its three protocols.
//
//	program connect|grpc|grpcweb <url> <message in hexadecimal>
//
// Prints the answer in hexadecimal, or ends with the code, the message and the reason of the error.
package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"connectrpc.com/connect"
)

// message is encoded already.
type message struct{ data []byte }

type codec struct{}

func (codec) Name() string { return "proto" }

func (codec) Marshal(value any) ([]byte, error) { return value.(*message).data, nil }

func (codec) Unmarshal(data []byte, value any) error {
	value.(*message).data = append([]byte(nil), data...)
	return nil
}

func main() {
	body, err := hex.DecodeString(os.Args[3])
	if err != nil {
		panic(err)
	}
	transport := &http.Transport{}
	options := []connect.ClientOption{connect.WithCodec(codec{}), connect.WithSendGzip()}
	switch os.Args[1] {
	case "grpc":
		transport.Protocols = new(http.Protocols)
		transport.Protocols.SetUnencryptedHTTP2(true)
		options = append(options, connect.WithGRPC())
	case "grpcweb":
		options = append(options, connect.WithGRPCWeb())
	}
	client := connect.NewClient[message, message](
		&http.Client{Transport: transport, Timeout: time.Minute}, os.Args[2], options...)
	answer, err := client.CallUnary(context.Background(), connect.NewRequest(&message{body}))
	if err != nil {
		var failed *connect.Error
		if errors.As(err, &failed) {
			fmt.Fprintf(os.Stderr, "%s\n%s\n%s\n", failed.Code(), failed.Message(), failed.Meta().Get("Phlare-Reason"))
			for _, detail := range failed.Details() {
				fmt.Fprintln(os.Stderr, detail.Type())
			}
		} else {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	fmt.Println(hex.EncodeToString(answer.Msg.data))
}
