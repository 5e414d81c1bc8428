#pragma once

#include "registry/registry_world.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/memory.h"
#include "support/scripted_transport.h"
#include "support/target_conformance.h"

namespace slipway::test {
/// A session over a scripted far end.
struct Wire {
  /// `other_clock`: in place of one that never waits.
  explicit Wire(ScriptedTransport::Script script, registry::RegistryOptions options = {}, Clock* other_clock = nullptr)
      : transport(std::move(script)) {
    session = registry::Session::create({&transport,
                                         &credentials,
                                         other_clock == nullptr ? &clock : other_clock,
                                         &rng,
                                         &knowledge,
                                         {},
                                         [this](const std::string& text) { warnings.push_back(text); },
                                         &uploads},
                                        options);
  }
  std::shared_ptr<store::Target> open(const std::string& place) {
    return session->open(oci::Location::parse(place).value());
  }

  FakeClock clock;
  SeededRng rng;
  FixedCredentials credentials;
  FixedKnowledge knowledge;
  FixedUploads uploads;
  std::vector<std::string> warnings;
  ScriptedTransport transport;
  std::shared_ptr<registry::Session> session;
};

inline const std::string& document() {
  static const std::string text = make_index({}).bytes;
  return text;
}

inline Answer manifest_answer() {
  return {.status = 200,
          .headers = {{"content-type", std::string(oci::kIndexType)},
                      {"docker-content-digest", io::digest_of(document()).str()},
                      {"content-length", std::to_string(document().size())}},
          .body = document()};
}

inline Answer challenge(const std::string& text) {
  return {.status = 401, .headers = {{"www-authenticate", text}}, .body = {}};
}

inline Answer redirect(const std::string& to, int status = 307) {
  return {.status = status, .headers = {{"location", to}}, .body = {}};
}

inline bool begins(const std::string& text, const std::string& head) { return text.rfind(head, 0) == 0; }

inline const std::string kBlobText = "the bytes of a blob";

inline Result<std::string> read_blob(store::Target& target) { return read(target, make_blob(kBlobText).descriptor); }

}  // namespace slipway::test
