//! What the provider knows, and what it answers by it.

use std::collections::{BTreeMap, HashSet};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, Validation};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::grants::{Code, Grants, random};
use super::{CLIENT_ID, CLIENT_SECRET, SigningKey, change};
use crate::wire::{Recorded, Reply};

pub(super) struct World {
    pub(super) issuer: String,
    /// Seconds that its clock is ahead.
    pub(super) ahead: u64,
    pub(super) access_ttl: Option<u64>,
    pub(super) signs_with: SigningKey,
    pub(super) published: Vec<Value>,
    /// The public key of the client, for `private_key_jwt`.
    pub(super) client_key: Option<SigningKey>,
    /// What is other than usual.
    pub(super) metadata: Value,
    pub(super) header: Value,
    pub(super) claims: Value,
    pub(super) answer: Value,
    pub(super) callback: Value,
    pub(super) grants: Grants,
    /// How many tokens were given, by `grant_type`.
    pub(super) given: BTreeMap<String, usize>,
    assertions: HashSet<String>,
}

type Answered = Result<Value, (u16, &'static str)>;

impl World {
    pub(super) fn new(issuer: String) -> Self {
        let key = SigningKey::es256("k1");
        Self {
            issuer,
            ahead: 0,
            access_ttl: Some(300),
            published: vec![key.jwk()],
            signs_with: key,
            client_key: None,
            metadata: json!({}),
            header: json!({}),
            claims: json!({}),
            answer: json!({}),
            callback: json!({}),
            grants: Grants::default(),
            given: BTreeMap::new(),
            assertions: HashSet::new(),
        }
    }

    pub(super) fn metadata(&self) -> Reply {
        let at = |path: &str| format!("{}{path}", self.issuer);
        let mut said = json!({
            "issuer": self.issuer,
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "jwks_uri": at("/jwks"),
            "revocation_endpoint": at("/revoke"),
            "end_session_endpoint": at("/logout"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "PS256", "ES256", "EdDSA"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
            "backchannel_logout_supported": true,
            "backchannel_logout_session_supported": true,
        });
        change(&mut said, &self.metadata);
        Reply::json(said)
    }

    /// The user has logged in and goes back: the address of the callback.
    pub(super) fn authorize(&mut self, asked: &[(String, String)], user: &str) -> String {
        let value = |name: &str| asked.iter().find(|(key, _)| key == name).map(|(_, x)| x.clone());
        let text = |name: &str| value(name).unwrap_or_default();
        assert_eq!(text("response_type"), "code", "{asked:?}");
        assert_eq!(text("client_id"), CLIENT_ID, "{asked:?}");
        assert_eq!(text("code_challenge_method"), "S256", "{asked:?}");
        let grant = self.grants.begin(user, &text("scope"));
        let code = self.grants.code(Code {
            grant,
            nonce: value("nonce"),
            challenge: text("code_challenge"),
            redirect_uri: text("redirect_uri"),
            used: false,
        });
        let mut back = json!({"code": code, "state": value("state"), "iss": self.issuer});
        change(&mut back, &self.callback);
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let members = back.as_object().into_iter().flatten();
        let pairs = members.filter_map(|(name, value)| Some((name, value.as_str()?)));
        let query: Vec<_> = pairs.map(|(name, text)| format!("{name}={}", encode(text))).collect();
        format!("{}?{}", text("redirect_uri"), query.join("&"))
    }

    pub(super) fn token(&mut self, request: &Recorded) -> Reply {
        let kind = field(request, "grant_type");
        let answered = self.check_client(request).and_then(|()| match &*kind {
            "authorization_code" => self.redeem(request),
            "refresh_token" => self.refresh(request),
            "client_credentials" => Ok(self.own_token("cc")),
            "urn:ietf:params:oauth:grant-type:token-exchange" => self.exchange(request),
            _ => Err((400, "unsupported_grant_type")),
        });
        match answered {
            Ok(mut answer) => {
                *self.given.entry(kind).or_default() += 1;
                change(&mut answer, &self.answer);
                Reply::json(answer).header("cache-control", "no-store")
            }
            Err((status, code)) => Reply::json(json!({"error": code})).with_status(status),
        }
    }

    pub(super) fn revoke(&mut self, request: &Recorded) -> Reply {
        match self.check_client(request) {
            Ok(()) => {
                self.grants.revoke(&field(request, "token"));
                Reply::status(200)
            }
            Err((status, code)) => Reply::json(json!({"error": code})).with_status(status),
        }
    }

    fn redeem(&mut self, request: &Recorded) -> Answered {
        let verifier = field(request, "code_verifier");
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        let (code, redirect_uri) = (field(request, "code"), field(request, "redirect_uri"));
        let taken = self.grants.take_code(&code, &challenge, &redirect_uri);
        let (grant, nonce) = taken.ok_or((400, "invalid_grant"))?;
        Ok(self.tokens(grant, nonce))
    }

    fn refresh(&mut self, request: &Recorded) -> Answered {
        let grant = self.grants.of_refresh_token(&field(request, "refresh_token"));
        Ok(self.tokens(grant.ok_or((400, "invalid_grant"))?, None))
    }

    fn exchange(&mut self, request: &Recorded) -> Answered {
        let subject_token = field(request, "subject_token");
        self.grants.of_access_token(&subject_token).ok_or((400, "invalid_grant"))?;
        let mut answer = self.own_token("xt");
        answer["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token".into();
        Ok(answer)
    }

    fn own_token(&mut self, kind: &str) -> Value {
        let token = self.grants.secret(kind);
        json!({"access_token": token, "token_type": "Bearer", "expires_in": self.access_ttl})
    }

    fn tokens(&mut self, grant: usize, nonce: Option<String>) -> Value {
        let access_token = self.grants.access_token(grant);
        let refresh_token = self.grants.refresh_token(grant);
        let Some(granted) = self.grants.all.get(grant) else {
            return Value::Null;
        };
        let (now, subject) = (self.now(), &granted.subject);
        let mut claims = json!({
            "iss": self.issuer, "aud": CLIENT_ID, "sub": subject, "sid": granted.sid, "iat": now,
            "exp": now + 300, "auth_time": now, "name": format!("User {subject}"),
            "email": format!("{subject}@id.test"), "nonce": nonce,
        });
        change(&mut claims, &json!({"nonce": nonce}));
        change(&mut claims, &self.claims);
        let id_token = self.signs_with.token(self.header.clone(), &claims);
        let mut answer = json!({
            "access_token": access_token, "token_type": "Bearer", "expires_in": self.access_ttl,
            "id_token": id_token, "scope": granted.scope,
        });
        self.grants.keep_secret(&id_token);
        change(
            &mut answer,
            &json!({"expires_in": self.access_ttl, "refresh_token": refresh_token}),
        );
        answer
    }

    pub(super) fn logout_token(&mut self, changes: &Value) -> String {
        let now = self.now();
        let mut claims = json!({
            "iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 120, "jti": random("jti"),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        });
        change(&mut claims, changes);
        let token = self.signs_with.token(json!({"typ": "logout+jwt"}), &claims);
        self.grants.keep_secret(&token);
        token
    }

    /// Seconds since 1970.
    #[expect(clippy::disallowed_methods, reason = "tokens are checked against the real clock")]
    pub(super) fn now(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() + self.ahead
    }

    /// `client_secret_basic`, `client_secret_post`, or `private_key_jwt` where the client has a key.
    fn check_client(&mut self, request: &Recorded) -> Result<(), (u16, &'static str)> {
        let good = match (&self.client_key, request.header("authorization")) {
            (Some(_), None) => self.is_clients(&field(request, "client_assertion")),
            (None, Some(header)) => {
                let pair =
                    header.strip_prefix("Basic ").and_then(|text| STANDARD.decode(text).ok());
                let pair = pair.map(|pair| String::from_utf8_lossy(&pair).into_owned());
                let decoded = |text: &str| {
                    let text = text.replace('+', " ");
                    percent_decode_str(&text).decode_utf8_lossy().into_owned()
                };
                pair.as_deref().and_then(|pair| pair.split_once(':')).is_some_and(|(id, secret)| {
                    decoded(id) == CLIENT_ID && decoded(secret) == CLIENT_SECRET
                })
            }
            (None, None) => {
                field(request, "client_id") == CLIENT_ID
                    && field(request, "client_secret") == CLIENT_SECRET
            }
            (Some(_), Some(_)) => false,
        };
        good.then_some(()).ok_or((401, "invalid_client"))
    }

    /// RFC 7523 §3: signed with the client's key, for us, not expired, never seen before.
    fn is_clients(&mut self, assertion: &str) -> bool {
        let Some(key) = &self.client_key else {
            return false;
        };
        let key_of = |jwk: &Value| DecodingKey::from_jwk(&Jwk::deserialize(jwk).ok()?).ok();
        let mut rules = Validation::new(key.algorithm());
        rules.set_audience(&[&self.issuer, &format!("{}/token", self.issuer)]);
        rules.set_issuer(&[CLIENT_ID]);
        rules.validate_exp = false;
        let claims = key_of(&key.jwk()).and_then(|key| {
            Some(jsonwebtoken::decode::<Value>(assertion, &key, &rules).ok()?.claims)
        });
        claims.is_some_and(|claims| {
            let lives = claims["exp"].as_u64().is_some_and(|end| end > self.now());
            let id = claims["jti"].as_str().unwrap_or_default();
            lives && claims["sub"] == CLIENT_ID && self.assertions.insert(id.to_owned())
        })
    }
}

fn field(request: &Recorded, name: &str) -> String {
    let mut pairs = request.form_pairs().into_iter();
    pairs.find(|(key, _)| key == name).map(|(_, value)| value).unwrap_or_default()
}
