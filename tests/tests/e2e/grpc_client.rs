//! A client of gRPC on the port of the page, for services whose messages a test writes down itself.

use prost::Message;
use spanlake_tests::server::TestServer;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

/// A connection to a server.
pub struct GrpcClient {
    runtime: tokio::runtime::Runtime,
    channel: Channel,
    pub token: Option<&'static str>,
}

impl GrpcClient {
    pub fn of(server: &TestServer) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let endpoint = Endpoint::from_shared(format!("http://{}", server.ports().listen)).expect("an address");
        let channel = runtime.block_on(endpoint.connect()).expect("a connection");
        Self { runtime, channel, token: None }
    }

    /// All messages of a call; `method` with package and service.
    pub fn call<Q, A>(&self, method: &str, question: Q) -> Result<Vec<A>, Status>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let path = PathAndQuery::try_from(format!("/{method}")).expect("a path");
        let mut request = Request::new(question);
        if let Some(token) = self.token {
            request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().expect("ASCII"));
        }
        self.runtime.block_on(async {
            let mut client = tonic::client::Grpc::new(self.channel.clone());
            client.ready().await.expect("a connection");
            let mut messages = client.server_streaming(request, path, ProstCodec::default()).await?.into_inner();
            let mut all = Vec::new();
            while let Some(message) = messages.message().await? {
                all.push(message);
            }
            Ok(all)
        })
    }

    /// The only message of a call that must be answered.
    pub fn one<A: Message + Default + 'static>(&self, method: &str, question: impl Message + 'static) -> A {
        let mut all = self.call(method, question).unwrap_or_else(|status| panic!("{method}: {status}"));
        assert_eq!(all.len(), 1, "{method}");
        all.remove(0)
    }

    /// Why a call is not answered.
    pub fn refusal(&self, method: &str, question: impl Message + 'static) -> Code {
        self.call::<_, ()>(method, question).expect_err(method).code()
    }
}
