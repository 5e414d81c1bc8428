#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/digest.h"
#include "slipway/base/json.h"

namespace slipway::trust {

/// The payload type of in-toto statements in DSSE envelopes.
inline constexpr std::string_view kInTotoType = "application/vnd.in-toto+json";
/// The predicate of a statement that says nothing but "signed", as cosign 3 writes it.
inline constexpr std::string_view kSignPredicate = "https://sigstore.dev/cosign/sign/v1";

/// Something that a statement is about.
struct Subject {
  std::string name;
  std::vector<Digest> digests;  ///< of algorithms that slipway verifies; others are passed over
  std::map<std::string, std::string> annotations;
};

/// An in-toto statement (https://in-toto.io/Statement/v1): what a signature says. A value.
struct Statement {
  std::vector<Subject> subjects;
  std::string predicate_type;
  Json predicate;
};

/// Returns compact JSON in a fixed order of members.
std::string write_statement(const Statement& statement);
/// Parses a statement of version 0.1 or 1. Unknown members are refused beside the predicate, as protobuf's readers do.
/// Errc::malformed; too_large beyond 1,024 subjects, 32 digests a subject and 32 MiB.
Result<Statement> parse_statement(std::string_view text);

/// Returns the URI that cosign's short name of a predicate stands for (slsaprovenance1, spdxjson, cyclonedx, ...); any
/// other text as it is.
std::string predicate_type_named(std::string_view text);

}  // namespace slipway::trust
