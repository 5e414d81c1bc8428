#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/options.h"
#include "slipway/oci/descriptor.h"
#include "slipway/store/target.h"
#include "slipway/trust/signatures.h"

namespace slipway::cli {

/// The signatures that `verify` is asked to find.
struct SignatureFlags {
  std::vector<std::string> keys;         ///< public keys, any of which will do
  std::vector<std::string> types;        ///< attestations, all of which must be there
  std::vector<std::string> annotations;  ///< K=V, all of which a signature must have
};
void bind_signatures(OptionSet& options, SignatureFlags& flags);

/// Returns the signatures and attestations that are asked for; Errc::verification_failed where one is missing.
Result<std::vector<trust::Proof>> prove_signatures(Context& context, store::ReadTarget& from,
                                                   const oci::Descriptor& image, const SignatureFlags& flags);
/// Returns the proofs as members of `verify -o json`.
Json::Array signatures_json(const std::vector<trust::Proof>& proofs);
/// Prints a line for each proof on standard error.
void note_signatures(Context& context, const std::vector<trust::Proof>& proofs);

}  // namespace slipway::cli
