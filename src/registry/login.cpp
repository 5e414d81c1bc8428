#include "registry/auth_keys.h"
#include "slipway/base/text.h"

namespace slipway::registry {
namespace {

constexpr std::size_t kMaxLoginFile = 4u << 20;
constexpr std::uint32_t kPrivate = 0600;

/// Returns the file behind a symbolic link: people keep their config.json elsewhere, and it is that file which is
/// replaced.
stdfs::path followed(FileSystem& fs, stdfs::path file) {
  constexpr int kMaxHops = 8;
  for (int hop = 0; hop < kMaxHops; ++hop) {
    const auto stat = fs.stat(file);
    if (!stat || stat->type != FileType::symlink) break;
    const auto target = fs.read_link(file);
    if (!target) break;
    file = file.parent_path() / *target;
  }
  return file;
}

Result<Json> read_logins(FileSystem& fs, const stdfs::path& file) {
  auto text = read_file(fs, file, kMaxLoginFile);
  if (!text && text.error().code == Errc::not_found) return Json(Json::Object{});
  SLIPWAY_TRY(text);
  auto json = Json::parse(*text, file.string(), {.max_bytes = kMaxLoginFile});
  // Not the parser's message: it may quote a part of the file.
  if (!json || json->object() == nullptr) {
    return fail(Errc::invalid_argument, "the credentials file {} is not valid JSON", file.string());
  }
  return json;
}

Status write_logins(FileSystem& fs, const stdfs::path& file, const Json& json) {
  SLIPWAY_TRY(fs.make_directories(file.parent_path(), 0700));
  return write_file_atomically(fs, file, json.pretty() + "\n", kPrivate);
}

/// The entries without those of a host; how many those were.
std::size_t drop_host(Json& json, const std::string& host) {
  const Json* auths = json.find("auths");
  if (auths == nullptr || auths->object() == nullptr) return 0;
  Json::Object kept = *auths->object();
  const std::size_t dropped =
      std::erase_if(kept, [&](const Json::Member& entry) { return normal_key(entry.first) == normal_key(host); });
  json.set("auths", std::move(kept));
  return dropped;
}

}  // namespace

Status store_login(FileSystem& fs, const stdfs::path& file, const std::string& host, const Credential& login) {
  const stdfs::path place = followed(fs, file);
  SLIPWAY_ASSIGN(Json json, read_logins(fs, place));
  auto helper = own_helper(json, host);
  if (!helper) helper = common_helper(json);
  Json entry{Json::Object{}};  // empty beside a helper, as docker leaves it
  if (helper) {
    SLIPWAY_TRY(tell_helper(*helper, host, login));
  } else {
    entry.set("auth", base64_encode(login.username + ":" + login.password.reveal()));
  }
  drop_host(json, host);
  const Json* auths = json.find("auths");
  Json entries = auths != nullptr && auths->object() != nullptr ? *auths : Json(Json::Object{});
  entries.set(is_hub(host) ? "https://index.docker.io/v1/" : host, std::move(entry));
  json.set("auths", std::move(entries));
  return write_logins(fs, place, json);
}

Result<bool> remove_login(FileSystem& fs, const stdfs::path& file, const std::string& host) {
  const stdfs::path place = followed(fs, file);
  SLIPWAY_ASSIGN(Json json, read_logins(fs, place));
  auto helper = own_helper(json, host);
  if (!helper) helper = common_helper(json);
  bool found = false;
  if (helper) {
    SLIPWAY_ASSIGN(const auto kept, ask_helper(*helper, host));
    found = kept.has_value();
    if (found) SLIPWAY_TRY(erase_in_helper(*helper, host));
  }
  if (drop_host(json, host) == 0) return found;
  SLIPWAY_TRY(write_logins(fs, place, json));
  return true;
}

}  // namespace slipway::registry
