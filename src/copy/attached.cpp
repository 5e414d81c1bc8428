#include "slipway/copy/attached.h"

#include <algorithm>
#include <set>

#include "copy/cosign_tag.h"
#include "slipway/base/lanes.h"
#include "slipway/io/filters.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/attachment_tag.h"

namespace slipway::copy {
namespace {

class Attachments {
 public:
  Attachments(store::ReadTarget& from, store::Target& to, const CopyOptions& options)
      : from_(from), to_(to), options_(options), lister_(store::as<store::ReferrerLister>(from)) {}

  /// A manifest of the image itself, and those below it.
  Status of_image(const oci::Descriptor& node, int depth) {
    if (!seen_.insert(node.digest).second) return {};
    SLIPWAY_TRY(require_depth(depth));
    SLIPWAY_TRY(cosign_tags(node.digest));
    SLIPWAY_TRY(referrers(node.digest, depth));
    if (!oci::is_index(node.media_type)) return {};
    SLIPWAY_ASSIGN(const oci::Document document, fetch_document(from_, node));
    for (const oci::Descriptor& child : oci::children(document)) {
      if (oci::is_graph_node(child.media_type)) SLIPWAY_TRY(of_image(child, depth + 1));
    }
    return {};
  }

  std::size_t count() const { return count_; }

 private:
  Status require_depth(int depth) const {
    if (depth <= options_.max_depth) return {};
    return fail(Errc::too_large, "what is attached is nested more than {} deep", options_.max_depth);
  }

  Status referrers(const Digest& subject, int depth) {
    if (lister_ == nullptr) return {};
    SLIPWAY_ASSIGN(const auto found, lister_->referrers(subject, ""));
    for (const oci::Descriptor& listed : found) {
      if (!seen_.insert(listed.digest).second) continue;
      if (++count_ > options_.max_nodes) {
        return fail(Errc::too_large, "more than {} manifests are attached", options_.max_nodes);
      }
      SLIPWAY_TRY(require_depth(depth + 1));
      const oci::Descriptor plain(listed.media_type, listed.digest, listed.size);
      SLIPWAY_TRY(copy_graph({&from_}, plain, to_, options_));
      SLIPWAY_TRY(referrers(listed.digest, depth + 1));
    }
    return {};
  }

  Status cosign_tags(const Digest& digest) {
    for (const std::string_view suffix : kCosignSuffixes) {
      const std::string tag = store::cosign_tag(digest, suffix);
      const auto there = from_.resolve(tag);
      if (!there && there.error().code == Errc::not_found) continue;
      SLIPWAY_TRY(there);
      ++count_;
      SLIPWAY_TRY(copy_cosign_tag(from_, {digest, tag, *there}, to_, options_));
    }
    return {};
  }

  store::ReadTarget& from_;
  store::Target& to_;
  const CopyOptions& options_;
  store::ReferrerLister* lister_;
  std::set<Digest> seen_;
  std::size_t count_ = 0;
};

/// A question about one subject: its referrers, or one of cosign's tags.
struct Question {
  Digest subject;
  std::string tag{};
  std::vector<Attached> answer{};
  std::optional<Error> unreadable{};
};

oci::Descriptor plain(const oci::Descriptor& listed) {
  oci::Descriptor descriptor(listed.media_type, listed.digest, listed.size);
  descriptor.artifact_type = listed.artifact_type;
  return descriptor;
}

Status ask_exactly(store::ReadTarget& from, Question& question) {
  if (!question.tag.empty()) {
    const auto there = from.resolve(question.tag);
    if (there) question.answer.push_back({question.subject, question.tag, plain(*there)});
    return there || there.error().code == Errc::not_found ? Status() : Status(fail(there.error()));
  }
  auto* lister = store::as<store::ReferrerLister>(from);
  if (lister == nullptr) return {};
  SLIPWAY_ASSIGN(const auto found, lister->referrers(question.subject, ""));
  for (const oci::Descriptor& listed : found)
    question.answer.push_back({question.subject, "", plain(listed)});
  return {};
}

Status ask(store::ReadTarget& from, Question& question, const Unreadable& unreadable) {
  Status asked = ask_exactly(from, question);
  if (asked || unreadable.is == nullptr || !unreadable.is(asked.error())) return asked;
  question.unreadable = std::move(asked).error();
  return {};
}

/// cosign's tags first. A tag that is not wanted costs no request.
std::vector<Question> questions_about(const Digest& subject, const AttachedFilter& wanted) {
  std::vector<Question> questions;
  for (const std::string_view suffix : kCosignSuffixes) {
    std::string tag = store::cosign_tag(subject, suffix);
    if (wanted({subject, tag, oci::empty_descriptor()})) questions.push_back({subject, std::move(tag)});
  }
  questions.push_back({subject});
  return questions;
}

Status ask_all(store::ReadTarget& from, std::vector<Question>& questions, const CopyOptions& options,
               const Unreadable& unreadable) {
  return run_lanes(options.lanes, questions.size(), options.stop,
                   [&](std::size_t i, const std::stop_token&) { return ask(from, questions[i], unreadable); });
}

/// The manifests that an index leads to; nested ones too.
Status add_children(store::ReadTarget& from, const oci::Descriptor& node, int depth, const CopyOptions& options,
                    std::vector<Digest>& subjects) {
  if (depth > options.max_depth || subjects.size() > options.max_nodes)
    return fail(Errc::too_large, "the image has more manifests than attachments are looked for");
  if (!oci::is_index(node.media_type)) return {};
  SLIPWAY_ASSIGN(const oci::Document document, fetch_document(from, node));
  for (const oci::Descriptor& child : oci::children(document)) {
    const bool known = std::find(subjects.begin(), subjects.end(), child.digest) != subjects.end();
    if (known || !oci::is_graph_node(child.media_type)) continue;
    subjects.push_back(child.digest);
    SLIPWAY_TRY(add_children(from, child, depth + 1, options, subjects));
  }
  return {};
}

std::vector<Attached> wanted_answers(std::vector<Question>& questions, const AttachedFilter& wanted,
                                     const Unreadable& unreadable) {
  std::vector<Attached> found;
  for (Question& question : questions) {
    if (question.unreadable && unreadable.found != nullptr) unreadable.found->push_back(*question.unreadable);
    for (Attached& attached : question.answer) {
      if (wanted(attached)) found.push_back(std::move(attached));
    }
  }
  return found;
}

/// Adds what is attached to what was found, level by level.
Status add_nested(store::ReadTarget& from, const AttachedFilter& wanted, const AttachedFilter& nested,
                  const CopyOptions& options, const Unreadable& unreadable, std::vector<Attached>& all) {
  std::set<Digest> asked;
  std::vector<Attached> level = all;
  for (int depth = 0; !level.empty(); ++depth) {
    std::vector<Question> questions;
    for (const Attached& attached : level) {
      if (!nested(attached) || !asked.insert(attached.manifest.digest).second) continue;
      for (Question& question : questions_about(attached.manifest.digest, wanted))
        questions.push_back(std::move(question));
    }
    if (questions.empty()) return {};
    if (depth >= options.max_depth || asked.size() > options.max_nodes)
      return fail(Errc::too_large, "what is attached is nested more than {} deep", options.max_depth);
    SLIPWAY_TRY(ask_all(from, questions, options, unreadable));
    level = wanted_answers(questions, wanted, unreadable);
    all.insert(all.end(), level.begin(), level.end());
  }
  return {};
}

Result<bool> is_listed(store::ReadTarget& place, const Attached& attached) {
  auto* lister = store::as<store::ReferrerLister>(place);
  if (lister == nullptr) return true;
  SLIPWAY_ASSIGN(const auto found, lister->referrers(attached.subject, ""));
  return std::any_of(found.begin(), found.end(),
                     [&](const oci::Descriptor& listed) { return listed.digest == attached.manifest.digest; });
}

/// A manifest that is there may still be missing in the list: an interrupted run did not come to it.
Status copy_referrer(store::ReadTarget& from, const Attached& attached, store::Target& to, const CopyOptions& options) {
  SLIPWAY_TRY(copy_graph({&from}, attached.manifest, to, options));
  SLIPWAY_ASSIGN(const bool listed, is_listed(to, attached));
  if (listed) return {};
  SLIPWAY_ASSIGN(const oci::Document document, fetch_document(from, attached.manifest));
  io::TextSource bytes(oci::raw_of(document));
  SLIPWAY_TRY(to.push(attached.manifest, bytes, options.stop));
  SLIPWAY_ASSIGN(const bool listed_now, is_listed(to, attached));
  if (listed_now) return {};
  return fail(Errc::verification_failed, "{} took {} and does not list it among the referrers of {}", to.name(),
              attached.manifest.digest.str(), attached.subject.str());
}

}  // namespace

Result<std::vector<Attached>> find_attached(store::ReadTarget& from, const oci::Descriptor& root,
                                            const AttachedFilter& wanted, const CopyOptions& options,
                                            const AttachedFilter& nested, const Unreadable& unreadable) {
  std::vector<Question> questions = questions_about(root.digest, wanted);
  // Alone, because it tells whether the host has the referrers API.
  SLIPWAY_TRY(ask(from, questions.back(), unreadable));
  std::vector<Digest> subjects{root.digest};
  SLIPWAY_TRY(add_children(from, root, 0, options, subjects));
  std::vector<Question> rest(questions.begin(), questions.end() - 1);
  for (std::size_t i = 1; i < subjects.size(); ++i) {
    for (Question& question : questions_about(subjects[i], wanted))
      rest.push_back(std::move(question));
  }
  SLIPWAY_TRY(ask_all(from, rest, options, unreadable));
  // The root's referrers stand after the root's tags.
  rest.insert(rest.begin() + static_cast<std::ptrdiff_t>(questions.size() - 1), std::move(questions.back()));
  std::vector<Attached> all = wanted_answers(rest, wanted, unreadable);
  if (nested) SLIPWAY_TRY(add_nested(from, wanted, nested, options, unreadable, all));
  return all;
}

Status copy_attachment(store::ReadTarget& from, const Attached& attached, store::Target& to,
                       const CopyOptions& options) {
  if (attached.tag.empty()) return copy_referrer(from, attached, to, options);
  return copy_cosign_tag(from, attached, to, options);
}

Result<std::size_t> copy_attached(store::ReadTarget& from, const oci::Descriptor& root, store::Target& to,
                                  const CopyOptions& options) {
  Attachments attachments(from, to, options);
  SLIPWAY_TRY(attachments.of_image(root, 0));
  return attachments.count();
}

}  // namespace slipway::copy
