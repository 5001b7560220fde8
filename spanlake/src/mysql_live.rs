//! The live picture of MySQL servers, from the room that polls them to the room that shows them. Only wires.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use spanlake_api::MysqlLive;
use spanlake_schemas::mysql::{GlobalVariables, InnodbPicture, LivePicture, ServerPicture, TableSize};
use spanlake_sources::mysql::MysqlServers;

/// The servers as the API asks for them.
pub struct LiveServers(pub MysqlServers);

impl MysqlLive for LiveServers {
    fn servers(&self) -> Vec<ServerPicture> {
        self.0.all().iter().map(|server| server.picture()).collect()
    }

    fn live(&self, server: &str, after: Option<u64>) -> Option<LivePicture> {
        Some(self.0.get(server)?.live(after))
    }

    fn changed(&self, server: &str, after: u64, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let server = self.0.get(server);
        Box::pin(async move {
            if let Some(server) = server {
                server.changed(after, wait).await;
            }
        })
    }

    fn variables(&self, server: &str) -> Option<GlobalVariables> {
        Some(self.0.get(server)?.variables())
    }

    fn innodb(&self, server: &str) -> Option<InnodbPicture> {
        Some(self.0.get(server)?.innodb())
    }

    fn tables(&self, server: &str) -> Option<Vec<TableSize>> {
        Some(self.0.get(server)?.tables())
    }

    fn digests_of(
        &self,
        server: &str,
        texts: Vec<String>,
    ) -> Pin<Box<dyn Future<Output = Vec<Option<String>>> + Send + '_>> {
        let server = self.0.get(server);
        Box::pin(async move {
            match server {
                Some(server) => server.digests_of(texts).await,
                None => vec![None; texts.len()],
            }
        })
    }
}
