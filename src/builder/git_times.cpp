#include "builder/git_times.h"

#include <set>

#include "builder/git_source.h"
#include "slipway/base/text.h"

namespace slipway::builder {
namespace {

constexpr std::size_t kCommitsAtOnce = 1000;
constexpr char kCommitMark = '\x01';

/// The tracked files without uncommitted changes.
Result<std::set<std::string>> clean_files(const std::filesystem::path& root, const std::stop_token& stop) {
  SLIPWAY_ASSIGN(const std::string tracked, ask_git(root, {"ls-files", "-z"}, stop));
  SLIPWAY_ASSIGN(const std::string changed, ask_git(root, {"diff", "--name-only", "--no-renames", "-z", "HEAD"}, stop));
  std::set<std::string> files;
  for (std::string& name : split(tracked, '\0'))
    files.insert(std::move(name));
  for (const std::string& name : split(changed, '\0'))
    files.erase(name);
  files.erase("");
  return files;
}

/// Takes the files of some commits, the newest first, as `git log -z` prints them: a mark and the time, then, after a
/// line feed, the names. Returns the number of commits.
std::size_t take_commits(std::string_view log, std::set<std::string>& wanted,
                         std::map<std::string, std::int64_t>& times) {
  std::size_t commits = 0;
  std::int64_t time = 0;
  for (std::string& word : split(log, '\0')) {
    if (word.starts_with(kCommitMark)) {
      time = parse_whole<std::int64_t>(std::string_view(word).substr(1)).value_or(0);
      ++commits;
      continue;
    }
    if (word.starts_with('\n')) word.erase(0, 1);
    if (wanted.erase(word) > 0) times.emplace(std::move(word), time);
  }
  return commits;
}

}  // namespace

Result<GitTimes> GitTimes::read(const std::filesystem::path& folder, std::stop_token stop) {
  GitTimes out;
  SLIPWAY_ASSIGN(std::string root, ask_git(folder, {"rev-parse", "--show-toplevel"}, stop));
  root = trim(root);
  SLIPWAY_ASSIGN(const std::string shallow, ask_git(root, {"rev-parse", "--is-shallow-repository"}, stop));
  if (trim(shallow) == "true") {
    return fail(Error(Errc::invalid_argument, fmt::format("cannot take the times of files from git: {} has only a part "
                                                          "of its history",
                                                          printable(root, 4096)))
                    .with_hint("fetch all of it: git fetch --unshallow (GitHub's checkout action: fetch-depth: 0)"));
  }
  SLIPWAY_ASSIGN(std::set<std::string> wanted, clean_files(root, stop));
  for (std::size_t commits = kCommitsAtOnce, at = 0; !wanted.empty() && commits == kCommitsAtOnce; at += commits) {
    // -c: a merge changes the files that are unlike those of all its parents.
    SLIPWAY_ASSIGN(
        const std::string log,
        ask_git(root,
                {"log", "-c", "-z", "--name-only", "--no-renames", "--no-color", "--no-show-signature",
                 "--format=%x01%ct", fmt::format("--max-count={}", kCommitsAtOnce), fmt::format("--skip={}", at)},
                stop));
    commits = take_commits(log, wanted, out.times_);
  }
  out.root_ = root + '/';
  return out;
}

std::optional<std::int64_t> GitTimes::of(const std::filesystem::path& file) const {
  if (!file.native().starts_with(root_)) return std::nullopt;
  const auto at = times_.find(file.native().substr(root_.size()));
  return at == times_.end() ? std::nullopt : std::optional(at->second);
}

}  // namespace slipway::builder
