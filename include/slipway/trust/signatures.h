#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "slipway/store/target.h"
#include "slipway/trust/key.h"
#include "slipway/trust/statement.h"

/// Signatures and attestations of images, in both of cosign's forms:
///
/// - bundle: a sigstore bundle (0.3) with an in-toto statement, attached by the manifest's `subject`; cosign 3,
/// Kyverno.
/// - legacy: a layer of the manifest behind the tag `sha256-<hex>.sig` or `.att`; cosign 2, podman, policy-controller.
///
/// A bundle hides the legacy form from cosign 3, whoever signed it. So signing writes both unless told otherwise, and a
/// bundle is refused on an image whose `.sig` has signatures by keys that signed no bundle.
///
/// Everything is judged by keys alone: certificates and log entries are passed over and said to be.
///
/// Threads: functions block; a target takes several of them at once. Two writers of one legacy tag merge: each looks
/// again after its write.
///
/// Cost: checking asks for the list of referrers, each manifest and bundle in it, and the two tags. Signing adds a
/// check, and three writes a form.
///
/// Example: an image gets a signature, and somebody else checks it.
///
///     Status sign_and_check(store::Target& target, const oci::Descriptor& image, trust::Signer& key) {
///       trust::Signing signing{image};
///       signing.reference = "registry.example.com/team/app";
///       SLIPWAY_TRY(trust::sign(target, signing, key));
///       SLIPWAY_ASSIGN(const trust::Checked checked, trust::check(target, image, {key.public_key()}));
///       return checked.proofs.empty() ? Status(fail(Errc::verification_failed, "not signed")) : Status();
///     }
namespace slipway::trust {

/// The way in which something is attached.
enum class Form { bundle, legacy };

/// A signature or attestation whose key is known and whose subject is the image.
struct Proof {
  Form form = Form::bundle;
  std::string predicate_type;  ///< kSignPredicate for signatures
  Json predicate;              ///< null for signatures of the legacy form
  std::map<std::string, std::string> annotations;
  std::string reference;  ///< the name in a legacy signature; empty elsewhere
  Digest key;             ///< fingerprint
  Digest document;        ///< the bundle, or the layer of the legacy manifest
};

/// The outcome of a check.
struct Checked {
  std::vector<Proof> proofs;   ///< in the order they are attached, bundles first
  std::vector<Error> refused;  ///< why each of the others proves nothing
};

/// Returns what is attached to `image` and signed by one of the keys. Errc::too_large for more than 1,000 referrers or
/// signatures; errors of the target.
Result<Checked> check(store::ReadTarget& from, const oci::Descriptor& image, const std::vector<PublicKey>& keys,
                      std::stop_token stop = {});

/// A signature to be made. `reference` is HOST/REPOSITORY without a tag, which podman's policies compare; where it is
/// empty the legacy form is left out.
struct Signing {
  oci::Descriptor image;
  std::string reference{};
  std::map<std::string, std::string> annotations{};
  bool bundle = true;
  bool legacy = true;
  std::stop_token stop{};
};

/// An attestation to be made.
struct Attesting {
  oci::Descriptor image;
  std::string predicate_type;
  Json predicate;      ///< an object
  std::string name{};  ///< of the subject: the repository; may be empty
  bool bundle = true;
  bool legacy = true;
  std::stop_token stop{};
};

/// The number of documents that were written; 0 where the same were there.
struct Written {
  int bundles = 0;
  int legacy = 0;
};

/// Signs an image that is at `target`, and looks there afterwards: success means that the signature is listed. One by
/// the same key with the same annotations is not written again. Errc::policy_denied where a bundle would hide other
/// signatures; Errc::conflict while others keep writing the tag.
Result<Written> sign(store::Target& target, const Signing& signing, Signer& signer);
/// Attaches an attestation in the same way; one of the same type and predicate by the same key is not written again.
Result<Written> attest(store::Target& target, const Attesting& attesting, Signer& signer);

}  // namespace slipway::trust
