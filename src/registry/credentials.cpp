#include "slipway/registry/credentials.h"

#include <mutex>

#include "registry/auth_keys.h"
#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"

namespace slipway::registry {
namespace {

constexpr std::size_t kMaxAuthFile = 4u << 20;

class NoCredentials final : public CredentialStore {
 public:
  Result<std::optional<Credential>> find(const std::string&, const std::string&) override {
    return std::optional<Credential>();
  }
};

/// One file in docker's config.json or containers' auth.json form.
class AuthFile {
 public:
  AuthFile(std::string text, std::string origin) : text_(std::move(text)), origin_(std::move(origin)) {}

  Result<std::optional<Credential>> find(const std::string& host, const std::string& repository) const {
    auto json = Json::parse(text_, origin_, {.max_bytes = kMaxAuthFile});
    // Not the parser's message: it may quote a part of the file.
    if (!json) return fail(Errc::invalid_argument, "the credentials file {} is not valid JSON", origin_);
    if (const auto helper = own_helper(*json, host)) return ask_helper(*helper, host);
    SLIPWAY_ASSIGN(auto found, entry_for(*json, host, repository));
    if (found) return found;
    if (const auto helper = common_helper(*json)) return ask_helper(*helper, host);
    return std::optional<Credential>();
  }

 private:
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

/// The files in which users' tools keep logins when no variable names one; docker's is the last.
std::vector<stdfs::path> usual_places(const EnvLookup& env) {
  std::vector<stdfs::path> places;
  for (const auto& [variable, tail] :
       {std::pair{"XDG_RUNTIME_DIR", "containers/auth.json"}, std::pair{"XDG_CONFIG_HOME", "containers/auth.json"},
        std::pair{"HOME", ".config/containers/auth.json"}, std::pair{"HOME", ".docker/config.json"}}) {
    const auto folder = env(variable);
    if (folder && !folder->empty()) places.push_back(stdfs::path(*folder) / tail);
  }
  return places;
}

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
    for (const stdfs::path& place : usual_places(env_)) {
      SLIPWAY_TRY(take(place, false));
      if (file_) return {};
    }
    loaded_ = true;
    return {};
  }

  Status take(const stdfs::path& path, bool required) {
    auto text = read_file(fs_, path, kMaxAuthFile);
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

Result<stdfs::path> login_file(FileSystem& fs, const EnvLookup& env, const std::string& authfile) {
  if (!authfile.empty()) return stdfs::path(authfile);
  if (const auto path = env("REGISTRY_AUTH_FILE"); path && !path->empty()) return stdfs::path(*path);
  if (const auto content = env("DOCKER_AUTH_CONFIG"); content && !content->empty()) {
    return fail(
        Error(Errc::invalid_argument, "the credentials are those of DOCKER_AUTH_CONFIG, which no file can change")
            .with_hint("unset DOCKER_AUTH_CONFIG, or name a file with --authfile"));
  }
  if (const auto folder = env("DOCKER_CONFIG"); folder && !folder->empty()) {
    return stdfs::path(*folder) / "config.json";
  }
  const std::vector<stdfs::path> places = usual_places(env);
  for (const stdfs::path& place : places) {
    if (fs.stat(place, true)) return place;
  }
  if (places.empty()) {
    return fail(Error(Errc::invalid_argument, "cannot find the credentials: HOME is not set")
                    .with_hint("name a file with --authfile"));
  }
  return places.back();
}

}  // namespace slipway::registry
