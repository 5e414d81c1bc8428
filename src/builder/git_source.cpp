#include "builder/git_source.h"

#include "slipway/base/git.h"
#include "slipway/base/text.h"
#include "slipway/builder/build.h"

namespace slipway::builder {
namespace {

tl::unexpected<Error> no_source(const std::filesystem::path& folder, std::string_view why) {
  return fail(Error(Errc::invalid_argument,
                    fmt::format("cannot ask git about the sources in {}: {}", printable(folder.native(), 4096), why))
                  .with_hint("build inside a git working tree with a commit, or leave out what needs git"));
}

Result<std::string> answer(const std::filesystem::path& folder, std::vector<std::string> words, std::stop_token stop) {
  SLIPWAY_ASSIGN(const std::string out, ask_git(folder, std::move(words), std::move(stop)));
  return std::string(trim(out));
}

/// scp's "user@host:path"; nothing for a path on this machine.
std::string url_of_scp(const std::string& remote) {
  const std::size_t colon = remote.find(':'), slash = remote.find('/');
  if (colon == std::string::npos || colon == 0 || slash < colon) return {};
  const std::string place = remote.substr(0, colon), path = remote.substr(colon + 1);
  const std::size_t at = place.rfind('@');
  const std::string host = at == std::string::npos ? place : place.substr(at + 1);
  std::string user = at == std::string::npos ? "" : place.substr(0, place.find_first_of(":@"));
  // A mistyped "user:password@host:path" must not leak.
  if (const std::size_t later = path.rfind('@'); later != std::string::npos && at == std::string::npos) {
    const std::string behind = path.substr(later + 1);
    return behind.find(':') == std::string::npos ? "" : url_of_scp(place + "@" + behind);
  }
  if (!user.empty()) user += '@';
  return "ssh://" + user + host + (path.starts_with('/') ? "" : "/") + path;
}

}  // namespace

Result<std::string> ask_git(const std::filesystem::path& folder, std::vector<std::string> words, std::stop_token stop) {
  auto result = run_git(folder, std::move(words), std::move(stop));
  if (!result && result.error().code == Errc::not_found) return no_source(folder, "git is not installed");
  if (!result) return fail(std::move(result).error());
  if (result->status != 0) return no_source(folder, printable(trim(result->err), 300));
  return std::move(result->out);
}

std::string public_url(const std::string& remote) {
  const std::size_t scheme_end = remote.find("://");
  if (scheme_end == std::string::npos) return url_of_scp(remote);
  const std::string scheme = to_lower(remote.substr(0, scheme_end));
  if (scheme == "file" || scheme.empty()) return {};
  const std::string rest = remote.substr(scheme_end + 3);
  const std::size_t slash = rest.find('/');
  std::string authority = rest.substr(0, slash), user;
  if (const std::size_t at = authority.rfind('@'); at != std::string::npos) {
    user = authority.substr(0, authority.find_first_of(":@"));
    authority = authority.substr(at + 1);
  }
  if (authority.empty()) return {};
  // Only ssh has names of users that are not secret: "git".
  if (scheme != "ssh" || user.empty()) user.clear();
  if (!user.empty()) user += '@';
  const std::string path = slash == std::string::npos ? "" : rest.substr(slash, rest.find_first_of("?#") - slash);
  return scheme + "://" + user + authority + path;
}

Result<GitSource> read_git_source(const std::filesystem::path& folder, std::stop_token stop) {
  GitSource source;
  SLIPWAY_ASSIGN(source.revision, answer(folder, {"rev-parse", "--verify", "HEAD"}, stop));
  SLIPWAY_ASSIGN(const std::string time, answer(folder, {"log", "-1", "--no-show-signature", "--format=%ct"}, stop));
  source.commit_time = parse_whole<std::int64_t>(time).value_or(0);
  SLIPWAY_ASSIGN(const std::string changes, answer(folder, {"status", "--porcelain", "--untracked-files=no"}, stop));
  source.dirty = !changes.empty();
  SLIPWAY_ASSIGN(const auto url, run_git(folder, {"remote", "get-url", "origin"}, stop));
  if (url.status == 0) source.url = public_url(std::string(trim(url.out)));
  return source;
}

oci::Annotations git_annotations(const GitSource& source) {
  oci::Annotations out;
  out[std::string(oci::kRevision)] = source.revision;
  if (!source.url.empty()) out[std::string(oci::kSourceUrl)] = source.url;
  out[std::string(kDirtyAnnotation)] = source.dirty ? "true" : "false";
  return out;
}

}  // namespace slipway::builder
