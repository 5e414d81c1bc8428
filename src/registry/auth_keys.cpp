#include "registry/auth_keys.h"

#include "slipway/base/json_reader.h"
#include "slipway/base/subprocess.h"
#include "slipway/base/text.h"

namespace slipway::registry {
namespace {

/// One word of the helper protocol: the input on stdin, never on the command line.
Result<CommandResult> call_helper(const std::string& name, const std::string& verb, const std::string& host,
                                  std::string input) {
  const bool safe = !name.empty() && name.find_first_not_of(
                                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "0123456789._-") == std::string::npos;
  if (!safe) return fail(Errc::invalid_argument, "\"{}\" is not a credential helper's name", printable(name, 80));
  auto result = run_command({.argv = {"docker-credential-" + name, verb}, .input = std::move(input)});
  if (!result) return fail(std::move(result).error().in("asking docker-credential-" + name + " about " + host));
  return result;
}

/// How helpers name a host.
std::string server_of(const std::string& host) { return is_hub(host) ? "https://index.docker.io/v1/" : host; }

Error helper_failed(const std::string& name, const CommandResult& result) {
  return Error(Errc::unauthorized,
               fmt::format("docker-credential-{} failed: {}", name, printable(trim(result.out), 300)));
}

}  // namespace

bool is_hub(std::string_view host) {
  return host == "docker.io" || host == "index.docker.io" || host == "registry-1.docker.io";
}

std::string normal_key(std::string_view key) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (key.rfind(scheme, 0) == 0) key.remove_prefix(scheme.size());
  }
  while (!key.empty() && key.back() == '/')
    key.remove_suffix(1);
  for (const std::string_view version : {"/v1", "/v2"}) {
    if (key.size() > version.size() && key.substr(key.size() - version.size()) == version) {
      key.remove_suffix(version.size());
    }
  }
  const std::size_t slash = key.find('/');
  const std::string_view host = key.substr(0, slash);
  if (!is_hub(host)) return std::string(key);
  return "docker.io" + std::string(slash == std::string_view::npos ? "" : key.substr(slash));
}

bool has_control(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return true;
  }
  return false;
}

std::optional<std::string> own_helper(const Json& file, const std::string& host) {
  const Json* helpers = file.find("credHelpers");
  if (helpers == nullptr || helpers->object() == nullptr) return std::nullopt;
  for (const auto& [key, value] : *helpers->object()) {
    if (normal_key(key) == normal_key(host) && value.string() != nullptr) return *value.string();
  }
  return std::nullopt;
}

std::optional<std::string> common_helper(const Json& file) {
  const Json* store = file.find("credsStore");
  const bool named = store != nullptr && store->string() != nullptr && !store->string()->empty();
  return named ? std::optional<std::string>(*store->string()) : std::nullopt;
}

Result<std::optional<Credential>> ask_helper(const std::string& name, const std::string& host) {
  SLIPWAY_ASSIGN(const auto result, call_helper(name, "get", host, server_of(host)));
  const std::string program = "docker-credential-" + name;
  if (result.status != 0) {
    if (result.out.find("credentials not found") != std::string::npos) return std::optional<Credential>();
    return fail(helper_failed(name, result));
  }
  // Its output holds a secret: messages must not quote it.
  const auto json = Json::parse(result.out, program);
  const Json* user = json ? json->find("Username") : nullptr;
  const Json* secret = json ? json->find("Secret") : nullptr;
  if (user == nullptr || secret == nullptr || user->string() == nullptr || secret->string() == nullptr ||
      has_control(*user->string()) || has_control(*secret->string())) {
    return fail(Errc::failed, "{} does not answer as a credential helper does", program);
  }
  Credential credential;
  credential.origin = program;
  if (*user->string() == "<token>") {
    credential.identity_token = Secret(*secret->string());
  } else {
    credential.username = *user->string();
    credential.password = Secret(*secret->string());
  }
  return std::optional<Credential>(std::move(credential));
}

Status tell_helper(const std::string& name, const std::string& host, const Credential& login) {
  Json message;
  message.set("ServerURL", server_of(host)).set("Username", login.username).set("Secret", login.password.reveal());
  SLIPWAY_ASSIGN(const auto result, call_helper(name, "store", host, message.compact()));
  return result.status == 0 ? Status() : fail(helper_failed(name, result));
}

Status erase_in_helper(const std::string& name, const std::string& host) {
  SLIPWAY_ASSIGN(const auto result, call_helper(name, "erase", host, server_of(host)));
  const bool gone = result.status == 0 || result.out.find("credentials not found") != std::string::npos;
  return gone ? Status() : fail(helper_failed(name, result));
}

}  // namespace slipway::registry
