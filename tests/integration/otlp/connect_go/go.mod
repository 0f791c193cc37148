module phlareweb.test/connect_go

go 1.25.0

require connectrpc.com/connect v1.19.2

require google.golang.org/protobuf v1.36.9 // indirect
