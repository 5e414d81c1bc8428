#pragma once

#include <string>
#include <string_view>

#include "slipway/base/digest.h"

namespace slipway::store {

/// Returns the tag that lists a subject's referrers where the referrers API is missing: `sha256-<64 hex>`
/// (distribution-spec "Referrers Tag Schema").
std::string referrers_tag(const Digest& subject);

/// Returns `sha256-<hex>.<12 hex of the referrer>`: the tag that keeps a referrer where the registry does not know that
/// it belongs to its subject.
std::string attachment_tag(const Digest& subject, const Digest& referrer);

/// Returns `sha256-<hex>.<suffix>`: the tag by which cosign 2 finds what it attached, with the suffix sig, att or sbom.
std::string cosign_tag(const Digest& subject, std::string_view suffix);

}  // namespace slipway::store
