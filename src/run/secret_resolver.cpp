#include "slipway/run/secret_resolver.h"

#include "slipway/base/json.h"
#include "slipway/base/subprocess.h"
#include "slipway/base/text.h"
#include "slipway/release/secret_reference.h"

namespace slipway::run {

namespace {

using release::SecretReference;

constexpr std::size_t kMaxSecret = 64u << 10;
constexpr std::chrono::seconds kHelperTime{60};
constexpr std::string_view kRequestSchema = "slipway/v1/secret-request";

class SecretLookup {
 public:
  SecretLookup(const SecretPlaces& places, std::stop_token stop) : places_(places), stop_(std::move(stop)) {}

  Result<Secret> resolve(const std::string& text) const {
    SLIPWAY_ASSIGN(const SecretReference reference, SecretReference::parse(text));
    switch (reference.kind) {
      case SecretReference::Kind::helper:
        return ask(reference);
      case SecretReference::Kind::variable:
        return look_up(reference);
      default:
        return read(reference);
    }
  }

 private:
  Result<Secret> look_up(const SecretReference& reference) const {
    auto value = places_.env(reference.name);
    if (value) return checked(Secret(*std::move(value)), "the variable " + reference.name);
    return fail(Error(Errc::not_found, fmt::format("the variable {} is not set", reference.name))
                    .with_hint("set it in the environment that slipway runs in"));
  }

  /// An editor's line end is not part of a secret.
  Result<Secret> read(const SecretReference& reference) const {
    auto text = read_file(places_.fs, places_.folder / reference.name, kMaxSecret);
    if (!text) return fail(std::move(text).error());
    if (!text->empty() && text->back() == '\n') text->pop_back();
    return checked(Secret(*std::move(text)), "the file " + printable(reference.name, 300));
  }

  Result<Secret> ask(const SecretReference& reference) const {
    const std::string program = "slipway-secret-" + reference.name;
    Json request;
    request.set("schema", kRequestSchema).set("path", reference.path).set("key", reference.key);
    request.set("app", places_.app).set("environment", places_.environment);
    Command command;
    command.argv = {program, "get"};
    command.input = request.compact() + "\n";
    command.timeout = kHelperTime;
    command.max_output = 2 * kMaxSecret;
    auto done = run_command(command, stop_);
    if (!done && done.error().code == Errc::not_found) {
      return fail(Error(Errc::not_found, fmt::format("the helper {} is not in PATH", program))
                      .with_hint(fmt::format("install it; it answers to `{} get`, see docs/FORMATS.md", program)));
    }
    SLIPWAY_TRY(done);
    const Secret answer(std::move(done->out));
    if (done->status != 0) {
      return fail(
          Error(Errc::failed, fmt::format("{} did not return the secret {}: it exited with status {}", program,
                                          printable(reference.path, 200), done->status))
              .with_hint("run it by hand to see its output, which is not shown here because it may hold a secret"));
    }
    return read_answer(answer, program);
  }

  static Result<Secret> read_answer(const Secret& answer, const std::string& program) {
    const auto json = Json::parse(answer.reveal(), program, {.max_bytes = 2 * kMaxSecret});
    const Json* value = json ? json->find("value") : nullptr;
    if (value == nullptr || value->string() == nullptr) {
      return fail(Error(Errc::malformed, fmt::format("{} did not answer {{\"value\": \"...\"}}", program))
                      .with_hint("see docs/FORMATS.md for the answer of a helper"));
    }
    return checked(Secret(*value->string()), program);
  }

  /// A value that no environment variable can carry would be cut short without a word.
  static Result<Secret> checked(Secret secret, const std::string& origin) {
    const std::string& text = secret.reveal();
    if (text.size() > kMaxSecret || text.find('\0') != std::string::npos)
      return fail(Errc::invalid_argument, "the value of {} is not a text of at most 64 KiB", origin);
    return secret;
  }

  const SecretPlaces& places_;
  std::stop_token stop_;
};

}  // namespace

Result<std::vector<std::pair<std::string, Secret>>> resolve_secrets(
    const std::map<std::string, std::string>& references, const SecretPlaces& places, std::stop_token stop) {
  const SecretLookup resolver(places, stop);
  std::vector<std::pair<std::string, Secret>> secrets;
  std::vector<Error> missing;
  for (const auto& [name, reference] : references) {
    auto secret = resolver.resolve(reference);
    if (secret) {
      secrets.emplace_back(name, *std::move(secret));
      continue;
    }
    if (stop.stop_requested()) return fail(std::move(secret).error());
    missing.push_back(std::move(secret).error());
    missing.back().message =
        fmt::format("{} ({}): {}", printable(name, 100), printable(reference, 200), missing.back().message);
  }
  if (!missing.empty()) return fail(combine(std::move(missing)).in("resolving the release's secrets"));
  return secrets;
}

}  // namespace slipway::run
