#include "slipway/registry/credentials.h"

#include <mutex>

#include "slipway/base/json_reader.h"
#include "slipway/base/subprocess.h"
#include "slipway/base/text.h"

namespace slipway::registry {
namespace {

constexpr std::size_t kMaxFile = 4u << 20;

class NoCredentials final : public CredentialStore {
 public:
  Result<std::optional<Credential>> find(const std::string&, const std::string&) override {
    return std::optional<Credential>();
  }
};

bool is_hub(std::string_view host) {
  return host == "docker.io" || host == "index.docker.io" || host == "registry-1.docker.io";
}

/// "https://index.docker.io/v1/" and "host/v2/" are old spellings of "docker.io" and "host".
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

/// A credential helper (docker-credential-NAME): the host on stdin, JSON on stdout.
Result<std::optional<Credential>> ask_helper(const std::string& name, const std::string& host) {
  const bool safe = !name.empty() && name.find_first_not_of(
                                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "0123456789._-") == std::string::npos;
  if (!safe) return fail(Errc::invalid_argument, "'{}' is not a credential helper's name", printable(name, 80));
  const std::string program = "docker-credential-" + name;
  auto result = run_command({.argv = {program, "get"}, .input = is_hub(host) ? "https://index.docker.io/v1/" : host});
  if (!result) return fail(std::move(result).error().in("asking for the credentials of " + host));
  if (result->status != 0) {
    if (result->out.find("credentials not found") != std::string::npos) return std::optional<Credential>();
    return fail(Errc::unauthorized, "{} failed: {}", program, printable(trim(result->out), 300));
  }
  // Its output holds a secret: messages must not quote it.
  const auto json = Json::parse(result->out, program);
  const Json* user = json ? json->find("Username") : nullptr;
  const Json* secret = json ? json->find("Secret") : nullptr;
  if (user == nullptr || secret == nullptr || user->string() == nullptr || secret->string() == nullptr ||
      has_control(*user->string()) || has_control(*secret->string())) {
    return fail(Errc::malformed, "{} does not answer as a credential helper does", program);
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

/// One file in docker's config.json or containers' auth.json form.
class AuthFile {
 public:
  AuthFile(std::string text, std::string origin) : text_(std::move(text)), origin_(std::move(origin)) {}

  Result<std::optional<Credential>> find(const std::string& host, const std::string& repository) const {
    auto json = Json::parse(text_, origin_, {.max_bytes = kMaxFile});
    // Not the parser's message: it may quote a part of the file.
    if (!json) return fail(Errc::invalid_argument, "the credentials file {} is not valid JSON", origin_);
    if (const auto helper = helper_for(*json, host)) return ask_helper(*helper, host);
    SLIPWAY_ASSIGN(auto found, entry_for(*json, host, repository));
    if (found) return found;
    const Json* store = json->find("credsStore");
    if (store != nullptr && store->string() != nullptr && !store->string()->empty())
      return ask_helper(*store->string(), host);
    return std::optional<Credential>();
  }

 private:
  static std::optional<std::string> helper_for(const Json& json, const std::string& host) {
    const Json* helpers = json.find("credHelpers");
    if (helpers == nullptr || helpers->object() == nullptr) return std::nullopt;
    for (const auto& [key, value] : *helpers->object()) {
      if (normal_key(key) == normal_key(host) && value.string() != nullptr) return *value.string();
    }
    return std::nullopt;
  }

  /// The entry of the longest matching path: host/a/b before host/a before host.
  Result<std::optional<Credential>> entry_for(const Json& json, const std::string& host,
                                              const std::string& repository) const {
    const Json* auths = json.find("auths");
    if (auths == nullptr || auths->object() == nullptr) return std::optional<Credential>();
    std::string wanted = normal_key(host) + (repository.empty() ? "" : "/" + repository);
    while (true) {
      for (const auto& [key, value] : *auths->object()) {
        if (normal_key(key) != wanted || value.object() == nullptr) continue;
        SLIPWAY_ASSIGN(auto credential, read(value, key));
        if (credential) return credential;
      }
      const std::size_t slash = wanted.rfind('/');
      if (slash == std::string::npos) return std::optional<Credential>();
      wanted = wanted.substr(0, slash);
    }
  }

  /// nullopt for an entry without credentials: docker leaves such where a helper has them.
  Result<std::optional<Credential>> read(const Json& entry, const std::string& key) const {
    Credential credential;
    credential.origin = origin_;
    const auto text = [&](const char* name) -> std::string {
      const Json* value = entry.find(name);
      return value != nullptr && value->string() != nullptr ? *value->string() : "";
    };
    credential.identity_token = Secret(text("identitytoken"));
    credential.registry_token = Secret(text("registrytoken"));
    credential.username = text("username");
    credential.password = Secret(text("password"));
    if (const std::string auth = text("auth"); !auth.empty()) {
      auto plain = base64_decode(auth);
      const std::size_t colon = plain ? plain->find(':') : std::string::npos;
      if (colon == std::string::npos) {
        return fail(Errc::invalid_argument, "the credentials file {}: the entry for {} is damaged", origin_,
                    printable(key, 150));
      }
      while (!plain->empty() && plain->back() == '\0')
        plain->pop_back();
      credential.username = plain->substr(0, colon);
      credential.password = Secret(plain->substr(colon + 1));
    }
    const bool nothing = credential.username.empty() && credential.password.empty() &&
                         credential.identity_token.empty() && credential.registry_token.empty();
    if (nothing) return std::optional<Credential>();
    return std::optional<Credential>(std::move(credential));
  }

  std::string text_;
  std::string origin_;
};

class FileCredentials final : public CredentialStore {
 public:
  FileCredentials(FileSystem& fs, EnvLookup env, std::string authfile)
      : fs_(fs), env_(std::move(env)), authfile_(std::move(authfile)) {}

  Result<std::optional<Credential>> find(const std::string& host, const std::string& repository) override {
    const std::scoped_lock lock(mutex_);
    if (!loaded_) SLIPWAY_TRY(load());
    if (!file_) return std::optional<Credential>();
    return file_->find(host, repository);
  }

 private:
  Status load() {
    if (!authfile_.empty()) return take(authfile_, true);
    if (const auto path = env_("REGISTRY_AUTH_FILE"); path && !path->empty()) return take(*path, true);
    if (const auto content = env_("DOCKER_AUTH_CONFIG"); content && !content->empty()) {
      file_.emplace(*content, "DOCKER_AUTH_CONFIG");
      loaded_ = true;
      return {};
    }
    if (const auto folder = env_("DOCKER_CONFIG"); folder && !folder->empty())
      return take(stdfs::path(*folder) / "config.json", false);
    for (const auto& [variable, tail] :
         {std::pair{"XDG_RUNTIME_DIR", "containers/auth.json"}, std::pair{"XDG_CONFIG_HOME", "containers/auth.json"},
          std::pair{"HOME", ".config/containers/auth.json"}, std::pair{"HOME", ".docker/config.json"}}) {
      const auto folder = env_(variable);
      if (!folder || folder->empty()) continue;
      SLIPWAY_TRY(take(stdfs::path(*folder) / tail, false));
      if (file_) return {};
    }
    loaded_ = true;
    return {};
  }

  Status take(const stdfs::path& path, bool required) {
    auto text = read_file(fs_, path, kMaxFile);
    if (!text && (required || text.error().code != Errc::not_found)) {
      return fail(Error(Errc::invalid_argument, text.error().message).in("reading credentials"));
    }
    loaded_ = true;
    if (text) file_.emplace(*std::move(text), path.string());
    return {};
  }

  FileSystem& fs_;
  EnvLookup env_;
  std::string authfile_;
  std::mutex mutex_;
  bool loaded_ = false;
  std::optional<AuthFile> file_;
};

}  // namespace

std::unique_ptr<CredentialStore> no_credentials() { return std::make_unique<NoCredentials>(); }

std::unique_ptr<CredentialStore> file_credentials(FileSystem& fs, EnvLookup env, std::string authfile) {
  return std::make_unique<FileCredentials>(fs, std::move(env), std::move(authfile));
}

}  // namespace slipway::registry
