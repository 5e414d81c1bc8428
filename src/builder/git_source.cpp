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
  auto result = run_git(folder, std::move(words), std::move(stop));
  if (!result && result.error().code == Errc::not_found) return no_source(folder, "git is not installed");
  if (!result) return fail(std::move(result).error());
  if (result->status != 0) return no_source(folder, printable(trim(result->err), 300));
  return std::string(trim(result->out));
}

}  // namespace

std::string strip_userinfo(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t end = url.find(scheme == std::string::npos ? ':' : '/', begin);
  if (scheme == std::string::npos && end == std::string::npos) return url;
  const std::size_t at = url.substr(0, end).rfind('@');
  if (at == std::string::npos || at < begin) {
    // scp's "user:password@host:path" does not exist, but a mistyped one must not leak either.
    const std::size_t later = scheme == std::string::npos ? url.find('@') : std::string::npos;
    return later == std::string::npos ? url : url.substr(later + 1);
  }
  return url.substr(0, begin) + url.substr(at + 1);
}

Result<GitSource> read_git_source(const std::filesystem::path& folder, std::stop_token stop) {
  GitSource source;
  SLIPWAY_ASSIGN(source.revision, answer(folder, {"rev-parse", "--verify", "HEAD"}, stop));
  SLIPWAY_ASSIGN(const std::string time, answer(folder, {"log", "-1", "--no-show-signature", "--format=%ct"}, stop));
  source.commit_time = parse_whole<std::int64_t>(time).value_or(0);
  SLIPWAY_ASSIGN(const std::string changes, answer(folder, {"status", "--porcelain", "--untracked-files=no"}, stop));
  source.dirty = !changes.empty();
  SLIPWAY_ASSIGN(const auto url, run_git(folder, {"remote", "get-url", "origin"}, stop));
  if (url.status == 0) source.url = strip_userinfo(std::string(trim(url.out)));
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
