use std::collections::BTreeMap;
use std::fs;
use std::str::FromStr;
use std::time::Duration;

use upstream_mocks::Options;

/// What `--help` says.
pub(crate) const HELP: &str = "\
Private services to run a gateway against, with faults on demand.

upstream-mocks [OPTIONS]
upstream-mocks request METHOD http://HOST:PORT/PATH [BODY]    where there is no curl
upstream-mocks healthcheck http://HOST:PORT/PATH

  --listen IP               where to listen                    [127.0.0.1]
  --base-port PORT          token; then users, analytics, notifications, posts, orders,
                            payments, stock, id, web; 0 takes any  [7000]
  --key SERVICE=KEY         its API key                        [SERVICE-demo-key]
  --key-file SERVICE=FILE   its API key, from a file
  --issuer TEXT             `iss` of tokens                    [https://id.demo.test/]
  --audience TEXT           `aud` of tokens                    [dashboard-api]
  --keep N                  requests kept in each log          [10000]

  of the OpenID provider `id`:
  --id-issuer URL           what it says it is                 [http://127.0.0.1:7008]
  --client ID=SECRET        one more client                    [dashboard=dashboard-demo-client-secret]
  --redirect-uri URL        one more place that a login or a logout may lead to, beside loopback
  --backchannel-logout-uri URL   where clients hear of a logout; plain http
  --access-ttl SECONDS      life of its access tokens          [300]

USERS_API_KEY, ANALYTICS_API_KEY and so on in the environment are keys too.
";

/// What the program is asked to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// Say how it is used.
    Help,
    /// Send one request, and print the answer.
    Request { method: String, url: String, body: String },
    /// Run until a signal.
    Serve(Options),
}

/// The command line, and the environment behind it.
pub(crate) struct Args {
    words: Vec<String>,
    environment: BTreeMap<String, String>,
}

impl Args {
    pub(crate) fn new(
        words: impl IntoIterator<Item = String>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let (words, environment) = (words.into_iter().collect(), environment.into_iter().collect());
        Self { words, environment }
    }

    /// The error says which argument is wrong.
    pub(crate) fn read(self) -> Result<Command, String> {
        let words: Vec<_> = self.words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["healthcheck", url] => Ok(request("GET", url, "")),
            ["request", method, url] => Ok(request(method, url, "")),
            ["request", method, url, body] => Ok(request(method, url, body)),
            ["help" | "--help" | "-h"] => Ok(Command::Help),
            flags => serve(flags, &self.environment).map(Command::Serve),
        }
    }
}

fn request(method: &str, url: &str, body: &str) -> Command {
    Command::Request { method: method.to_owned(), url: url.to_owned(), body: body.to_owned() }
}

fn serve(flags: &[&str], environment: &BTreeMap<String, String>) -> Result<Options, String> {
    let mut options = Options { base_port: 7000, keys: keys_of(environment), ..Options::default() };
    let mut words = flags.iter();
    while let Some(word) = words.next() {
        let (flag, value) = match word.split_once('=') {
            Some(both) => both,
            None => (*word, *words.next().ok_or_else(|| format!("`{word}` stands alone"))?),
        };
        match flag {
            "--listen" => options.ip = parse(flag, value)?,
            "--base-port" => options.base_port = parse(flag, value)?,
            "--keep" => options.keep = parse(flag, value)?,
            "--issuer" => options.issuer = value.to_owned(),
            "--audience" => options.audience = value.to_owned(),
            "--id-issuer" => options.id_issuer = Some(value.to_owned()),
            "--redirect-uri" => options.redirect_uris.push(value.to_owned()),
            "--backchannel-logout-uri" => options.backchannel_logout_uri = Some(value.to_owned()),
            "--access-ttl" => options.access_ttl = Duration::from_secs(parse(flag, value)?),
            "--client" => {
                let (client, secret) = assignment(flag, value)?;
                options.clients.insert(client, secret);
            }
            "--key" => {
                let (service, key) = assignment(flag, value)?;
                options.keys.insert(service, key);
            }
            "--key-file" => {
                let (service, file) = assignment(flag, value)?;
                let key = fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
                options.keys.insert(service, key.trim_end_matches(['\r', '\n']).to_owned());
            }
            _ => return Err(format!("`{flag}` is not known")),
        }
    }
    Ok(options)
}

/// An empty variable counts as none.
fn keys_of(environment: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let set = upstream_mocks::GUARDED.iter().filter_map(|service| {
        let key = environment.get(&format!("{}_API_KEY", service.to_uppercase()))?;
        (!key.is_empty()).then(|| ((*service).to_owned(), key.clone()))
    });
    set.collect()
}

fn parse<T: FromStr>(flag: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("`{flag} {value}` is not right"))
}

fn assignment(flag: &str, value: &str) -> Result<(String, String), String> {
    let (service, rest) = value.split_once('=').ok_or_else(|| format!("`{flag}` wants NAME=…"))?;
    Ok((service.to_owned(), rest.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{Args, Command};

    fn read(words: &[&str], environment: &[(&str, &str)]) -> Result<Command, String> {
        let environment = environment.iter().map(|(name, x)| ((*name).into(), (*x).into()));
        Args::new(words.iter().map(|word| (*word).to_owned()), environment).read()
    }

    #[test]
    fn arguments_win_over_the_environment() {
        let environment = [("USERS_API_KEY", "a"), ("POSTS_API_KEY", "b"), ("STOCK_API_KEY", "")];
        let words = ["--key=users=c=d", "--base-port", "8000", "--listen", "0.0.0.0"];
        let Ok(Command::Serve(options)) = read(&words, &environment) else {
            panic!("refused");
        };
        assert_eq!(options.base_port, 8000);
        assert_eq!(options.ip.to_string(), "0.0.0.0");
        let keys: Vec<_> = options.keys.iter().map(|(x, y)| format!("{x}={y}")).collect();
        assert_eq!(keys, ["posts=b", "users=c=d"]);
    }

    #[test]
    fn a_key_may_come_from_a_file() {
        let file = std::env::temp_dir().join(format!("users-key-{}", std::process::id()));
        std::fs::write(&file, "secret\n").unwrap();
        let assignment = format!("users={}", file.display());
        let Ok(Command::Serve(options)) = read(&["--key-file", &assignment], &[]) else {
            panic!("refused");
        };
        std::fs::remove_file(file).unwrap();
        assert_eq!(options.keys["users"], "secret");
    }

    #[test]
    fn the_provider_is_told_where_it_is_and_whom_it_serves() {
        let words = "--id-issuer http://localhost:7008 --client=admin=s=1 --redirect-uri=https://a/ \
             --redirect-uri=https://b/ --backchannel-logout-uri http://c/ --access-ttl 60";
        let words: Vec<_> = words.split_whitespace().collect();
        let Ok(Command::Serve(options)) = read(&words, &[]) else {
            panic!("refused");
        };
        assert_eq!(options.id_issuer.as_deref(), Some("http://localhost:7008"));
        assert_eq!(options.clients.keys().collect::<Vec<_>>(), ["admin", "dashboard"]);
        assert_eq!(options.clients["admin"], "s=1");
        assert_eq!(options.redirect_uris, ["https://a/", "https://b/"]);
        assert_eq!(options.backchannel_logout_uri.as_deref(), Some("http://c/"));
        assert_eq!(options.access_ttl.as_secs(), 60);
    }

    #[test]
    fn mistakes_are_named() {
        let why = |words: &[&str]| read(words, &[]).unwrap_err();
        assert_eq!(why(&["--port", "1"]), "`--port` is not known");
        assert_eq!(why(&["--listen"]), "`--listen` stands alone");
        assert_eq!(why(&["--base-port", "x"]), "`--base-port x` is not right");
        assert_eq!(why(&["--key", "users"]), "`--key` wants NAME=…");
        assert!(why(&["--key-file", "users=/nowhere"]).starts_with("/nowhere: "));
    }
}
