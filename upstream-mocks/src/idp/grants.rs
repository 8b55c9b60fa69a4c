//! Who has logged in, and the tokens that came of it.

use std::collections::HashMap;

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// What a user has allowed, once.
pub(super) struct Grant {
    pub(super) subject: String,
    pub(super) sid: String,
    pub(super) scope: String,
    pub(super) alive: bool,
    /// The refresh token that counts.
    pub(super) refresh_token: String,
    /// The access tokens that were given.
    pub(super) access_tokens: Vec<String>,
}

/// What a code is for.
pub(super) struct Code {
    pub(super) grant: usize,
    pub(super) nonce: Option<String>,
    pub(super) challenge: String,
    pub(super) redirect_uri: String,
    pub(super) used: bool,
}

#[derive(Default)]
pub(super) struct Grants {
    pub(super) all: Vec<Grant>,
    pub(super) codes: HashMap<String, Code>,
    /// Which grant a refresh token is of, also those that do not count any more.
    refresh_tokens: HashMap<String, usize>,
    /// How often a refresh token came that does not count any more.
    pub(super) reused: usize,
    /// Everything that nobody else may see.
    pub(super) secrets: Vec<String>,
    /// Whether each refresh gives a new refresh token.
    pub(super) keeps_refresh_tokens: bool,
}

impl Grants {
    pub(super) fn begin(&mut self, subject: &str, scope: &str) -> usize {
        self.all.push(Grant {
            subject: subject.to_owned(),
            sid: random("sid"),
            scope: scope.to_owned(),
            alive: true,
            refresh_token: String::new(),
            access_tokens: Vec::new(),
        });
        self.all.len() - 1
    }

    pub(super) fn code(&mut self, code: Code) -> String {
        let text = self.secret("code");
        self.codes.insert(text.clone(), code);
        text
    }

    /// A code counts once; a second time it takes all with it that came of it (RFC 6749 §4.1.2).
    pub(super) fn take_code(
        &mut self,
        code: &str,
        challenge: &str,
        redirect_uri: &str,
    ) -> Option<(usize, Option<String>)> {
        let code = self.codes.get_mut(code)?;
        if code.used {
            self.all[code.grant].alive = false;
            return None;
        }
        code.used = true;
        let right = code.challenge == challenge && code.redirect_uri == redirect_uri;
        (right && self.all[code.grant].alive).then(|| (code.grant, code.nonce.clone()))
    }

    /// The grant of a refresh token. An old one takes all with it that came of it (RFC 9700 §4.14.2).
    pub(super) fn of_refresh_token(&mut self, token: &str) -> Option<usize> {
        let index = *self.refresh_tokens.get(token)?;
        let grant = &mut self.all[index];
        if grant.refresh_token != token {
            self.reused += 1;
            grant.alive = false;
        }
        grant.alive.then_some(index)
    }

    /// Whose access token this is.
    pub(super) fn of_access_token(&self, token: &str) -> Option<&Grant> {
        let mut alive = self.all.iter().filter(|grant| grant.alive);
        alive.find(|grant| grant.access_tokens.iter().any(|one| one == token))
    }

    pub(super) fn access_token(&mut self, grant: usize) -> String {
        let token = self.secret("at");
        self.all[grant].access_tokens.push(token.clone());
        token
    }

    /// The refresh token to give: a new one, or none where it was not asked for.
    pub(super) fn refresh_token(&mut self, grant: usize) -> Option<String> {
        if !self.all[grant].scope.split(' ').any(|scope| scope == "offline_access") {
            return None;
        }
        if self.keeps_refresh_tokens && !self.all[grant].refresh_token.is_empty() {
            return None;
        }
        let token = self.secret("rt");
        self.refresh_tokens.insert(token.clone(), grant);
        self.all[grant].refresh_token.clone_from(&token);
        Some(token)
    }

    /// RFC 7009 §2.1: with a refresh token ends all that came of the same grant.
    pub(super) fn revoke(&mut self, token: &str) {
        if let Some(grant) = self.refresh_tokens.get(token) {
            self.all[*grant].alive = false;
        }
        for grant in &mut self.all {
            grant.access_tokens.retain(|one| one != token);
        }
    }

    pub(super) fn secret(&mut self, kind: &str) -> String {
        let secret = random(kind);
        self.keep_secret(&secret);
        secret
    }

    pub(super) fn keep_secret(&mut self, secret: &str) {
        crate::secret::tell("code or token of the provider", secret);
        self.secrets.push(secret.to_owned());
    }
}

/// `at.bmV2ZXIgZ29ubmE`
pub(super) fn random(kind: &str) -> String {
    let mut bytes = [0; 16];
    // Without randomness the first test that compares two says so.
    let _ = rand::fill(&mut bytes);
    format!("{kind}.{}", URL_SAFE_NO_PAD.encode(bytes))
}
