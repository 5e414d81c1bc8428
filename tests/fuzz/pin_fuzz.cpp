#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "slipway/run/pin.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

slipway::Result<slipway::Digest> some_digest(const slipway::oci::Location&) {
  return slipway::Digest::parse("sha256:" + std::string(64, 'a'));
}

/// A reference that can be pinned is pinned once and for all, and no edit ever damages a file.
void pin_as(std::string_view text, const char* name) {
  const auto resolve = slipway::run::resolve_from(some_digest);
  const slipway::run::PinReport first = slipway::run::pin_text(text, name, resolve);
  for (const slipway::Error& failure : first.errors)
    require(failure.code == slipway::Errc::invalid_argument);
  require(first.before == text);
  require(first.changed() == !first.changes.empty());
  require(slipway::run::diff_of(first).empty() == !first.changed());
  const slipway::run::PinReport second = slipway::run::pin_text(first.after, name, resolve);
  require(second.errors.size() == first.errors.size() && !second.changed() && second.references == first.references);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const char* name :
       {"fuzz.yaml", "Dockerfile", "a.container", "a.service", "kustomization.yaml", "values.yaml", ".gitlab-ci.yml",
        "compose.yaml", "devcontainer.json", ".circleci/config.yml", "azure-pipelines.yml", ".github/workflows/ci.yml"})
    pin_as(text, name);
  return 0;
}
