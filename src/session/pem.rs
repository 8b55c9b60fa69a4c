//! A public key out of PEM text (RFC 7468).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The DER of a `PUBLIC KEY` (`SubjectPublicKeyInfo`) or `RSA PUBLIC KEY` (PKCS #1).
///
/// The error is a text for whoever wrote the config, without the key.
pub(super) fn public_key(pem: &[u8]) -> Result<Vec<u8>, String> {
    let text = std::str::from_utf8(pem).map_err(|_| "not a PEM file: it is not text")?;
    let (_, rest) = text.split_once("-----BEGIN ").ok_or("not a PEM file: no `-----BEGIN`")?;
    let (label, rest) =
        rest.split_once("-----").ok_or("not a PEM file: the first line has no end")?;
    check_label(label)?;
    let end = format!("-----END {label}-----");
    let (body, after) = rest.split_once(&end).ok_or("not a PEM file: no matching `-----END`")?;
    if after.contains("-----BEGIN ") {
        return Err("more than one key; give the one that signs".into());
    }
    let body: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(body).map_err(|_| "not a PEM file: what is inside is not base64".into())
}

fn check_label(label: &str) -> Result<(), String> {
    match label {
        "PUBLIC KEY" | "RSA PUBLIC KEY" => Ok(()),
        "CERTIFICATE" => {
            Err("a certificate, not a public key; `openssl x509 -pubkey -noout` takes it out"
                .into())
        }
        _ if label.ends_with("PRIVATE KEY") => {
            Err("a private key; only the public one belongs here: `openssl pkey -pubout`".into())
        }
        _ => Err("not a public key".into()),
    }
}
