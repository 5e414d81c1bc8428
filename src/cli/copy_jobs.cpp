#include "cli/copy_jobs.h"

#include <set>

#include "cli/found_image.h"
#include "cli/next_step.h"
#include "cli/project.h"
#include "cli/streams.h"
#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kMaxList = 4u << 20;

/// The last component of a repository or a layout's path.
std::string last_component(const oci::Location& from) {
  std::string path = from.is_registry() ? from.repository() : from.path();
  while (path.size() > 1 && path.back() == '/')
    path.pop_back();
  return path.substr(path.rfind('/') + 1);
}

class Planner {
 public:
  explicit Planner(Context& context, bool all_tags) : context_(context), all_tags_(all_tags) {}

  /// `destination` ends in '/': each goes below it.
  Status add(const std::string& source, const std::string& destination) {
    SLIPWAY_ASSIGN(oci::Location from, all_tags_ ? context_.location(source) : readable(context_, source));
    const bool below = destination.ends_with('/');
    std::string place = destination;
    if (below) {
      const auto typed = oci::Location::parse(source);
      if (!all_tags_ && (!from.tag() || (typed && !typed->tag()))) {
        return fail(Error(Errc::invalid_argument, fmt::format("{} has no tag to give to its copy", source))
                        .with_hint(fmt::format("name its tag: slipway copy {}:TAG {}", shell_word(from.place()),
                                               shell_word(destination))));
      }
      place += last_component(from);
    }
    SLIPWAY_ASSIGN(oci::Location to, context_.location(place));
    if (to.digest()) {
      return fail(
          Error(Errc::invalid_argument, fmt::format("{}: a destination cannot have a digest", destination))
              .with_hint(fmt::format("the digest is the source's; name a tag or nothing: slipway copy {} {}:TAG",
                                     shell_word(source), shell_word(to.place()))));
    }
    if (all_tags_) return add_tags(from, to);
    return add(CopyJob{from, with_tag_of(from, std::move(to))});
  }

  std::vector<CopyJob> take() { return std::move(jobs_); }

 private:
  Status add_tags(const oci::Location& from, const oci::Location& to) {
    if (from.tag() || from.digest() || to.tag()) {
      return fail(Error(Errc::invalid_argument, "--all-tags copies a whole repository")
                      .with_hint(fmt::format("leave out the tags: slipway copy --all-tags {} {}",
                                             shell_word(from.place()), shell_word(to.place()))));
    }
    SLIPWAY_ASSIGN(const auto source, context_.opener().open_for_reading(from, Side::source));
    auto* lister = store::as<store::TagLister>(*source);
    if (lister == nullptr) return fail(no_tag_list(*source));
    SLIPWAY_ASSIGN(const auto tags, lister->list_tags());
    for (const std::string& tag : tags)
      SLIPWAY_TRY(add(CopyJob{from.with_tag(tag), to.with_tag(tag)}));
    return {};
  }

  Status add(CopyJob job) {
    if (job.to.tag() && !taken_.insert(job.to.str()).second) {
      return fail(
          Error(Errc::invalid_argument, fmt::format("two sources have the destination {}", job.to.str()))
              .with_hint(
                  "write lines \"SRC DST\" into a file, one with another destination: slipway copy --from-file LIST"));
    }
    jobs_.push_back(std::move(job));
    return {};
  }

  Context& context_;
  const bool all_tags_;
  std::set<std::string> taken_;
  std::vector<CopyJob> jobs_;
};

Status add_list(Planner& planner, const std::string& text, const std::string& file, const std::string& prefix) {
  int row = 0;
  for (const std::string& line : split(text, '\n')) {
    ++row;
    const std::string_view trimmed = trim(line);
    if (trimmed.empty() || trimmed.front() == '#') continue;
    const std::size_t blank = std::min(trimmed.find_first_of(" \t"), trimmed.size());
    const std::string source(trimmed.substr(0, blank));
    const std::string destination(trim(trimmed.substr(blank)));
    Status added = destination.empty() && prefix.empty()
                       ? Status(fail(Error(Errc::invalid_argument, fmt::format("{} has no destination", source))
                                         .with_hint("write it behind it, or name a prefix: slipway copy --from-file " +
                                                    shell_word(file) + " registry.example.com/mirror/")))
                       : planner.add(source, destination.empty() ? prefix : destination);
    if (!added) return fail(std::move(added).error().at({file, row, 1}));
  }
  return {};
}

}  // namespace

oci::Location with_tag_of(const oci::Location& from, oci::Location to) {
  if (to.tag() || !from.tag() || from.digest()) return to;
  if (to.transport() != oci::Transport::docker_archive) {
    return from.transport() == oci::Transport::docker_archive ? to : to.with_tag(*from.tag());
  }
  const oci::Location whole = from.without_reference().with_tag(*from.tag());
  if (from.is_registry()) return to.with_tag(whole.str());
  return from.transport() == oci::Transport::docker_archive ? to.with_tag(*from.tag()) : to;
}

Result<std::vector<CopyJob>> plan_copies(Context& context, const CopyWords& given) {
  std::vector<std::string> words = given.words;
  Planner planner(context, given.all_tags);
  if (given.list) {
    if (words.size() > 1 || (words.size() == 1 && !words[0].ends_with('/'))) {
      return fail(Error(Errc::invalid_argument, "--from-file takes one more argument at most: a prefix that ends in /")
                      .with_hint(fmt::format("write the sources into the file: slipway copy --from-file {} PREFIX/",
                                             shell_word(*given.list))));
    }
    SLIPWAY_ASSIGN(const std::string text, read_input(context, *given.list, kMaxList));
    SLIPWAY_TRY(add_list(planner, text, *given.list, words.empty() ? "" : words[0]));
    return planner.take();
  }
  if (words.size() < 2) {
    return fail(Error(Errc::invalid_argument, "copy needs a source and a destination: SRC DST")
                    .with_hint(words.empty() ? "run: slipway copy SRC DST"
                                             : fmt::format("run: slipway copy {} DST", shell_word(words.front()))));
  }
  const std::string destination = std::move(words.back());
  words.pop_back();
  if (words.size() > 1 && !destination.ends_with('/')) {
    return fail(
        Error(Errc::invalid_argument, fmt::format("cannot copy several images to one destination {}", destination))
            .with_hint(
                fmt::format("name a prefix that ends in /: slipway copy SRC... {}", shell_word(destination + "/"))));
  }
  for (const std::string& source : words)
    SLIPWAY_TRY(planner.add(source, destination));
  return planner.take();
}

}  // namespace slipway::cli
