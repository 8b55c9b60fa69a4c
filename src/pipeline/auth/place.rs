//! A frontend's login, and where it is.

use std::rc::Rc;
use std::sync::Arc;

use crate::fault::Fault;
use crate::login::Provider;
use crate::pipeline::gateway::Gateway;
use crate::pipeline::request::Head;
use crate::plan::{Door, Frontend, Login};

/// A frontend's login, and where it is.
pub(super) struct Place<'a> {
    pub(super) gateway: &'a Rc<Gateway>,
    pub(super) frontend: &'a Arc<Frontend>,
    pub(super) door: &'a Door,
    pub(super) login: &'a Login,
    pub(super) provider: &'a Provider,
    /// Its own origin: `https://app.example.com`.
    origin: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// The login of the frontend that a request is for, where its path is below the login's; and what follows there.
    pub(super) fn of<'h>(gateway: &'a Rc<Gateway>, head: &'h dyn Head) -> Option<(Self, &'h str)> {
        let frontend = gateway.plan.frontend(head.host())?;
        let door = frontend.login.as_ref()?;
        let login = gateway.plan.logins.get(door.login)?;
        let rest = head.path().strip_prefix(&*login.path)?.strip_prefix('/')?;
        let provider = gateway.providers.get(door.login)?;
        // In development there may be several, and cookies belong to the host that was asked.
        let asked =
            |origin: &&str| origin.split_once("://").is_some_and(|(_, at)| at == head.host());
        let mut origins = frontend.origins.iter().map(crate::csrf::Origin::as_str);
        let origin = origins.clone().find(asked).or_else(|| origins.next());
        Some((Self { gateway, frontend, door, login, provider, origin }, rest))
    }

    /// Its own origin: `https://app.example.com`.
    ///
    /// # Errors
    /// 500 where it has none, as with nothing but a socket to listen at.
    pub(super) fn origin(&self) -> Result<&'a str, Fault> {
        self.origin.ok_or_else(|| Fault::internal("a login needs `[server] origin`"))
    }

    /// Where the provider sends the browser back to.
    ///
    /// # Errors
    /// As [`Self::origin`].
    pub(super) fn redirect_uri(&self) -> Result<String, Fault> {
        Ok(format!("{}{}/callback", self.origin()?, self.login.path))
    }

    /// Where a browser is sent once it is logged out.
    ///
    /// # Errors
    /// As [`Self::origin`].
    pub(super) fn home(&self) -> Result<String, Fault> {
        Ok(format!("{}/", self.origin()?))
    }
}
