//! The same over several gateways with one store.

use super::*;
