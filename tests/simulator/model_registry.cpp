#include "simulator/model_registry.h"

#include <algorithm>

#include "simulator/triples.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"

namespace slipway::sim {
namespace {

constexpr std::size_t kMostBytes = 1u << 20;

Error broken_off() { return error(Errc::network, "the registry did not answer"); }

Error answered(int status, const std::string& what) {
  Error refused = error(status >= 500 ? Errc::network : Errc::failed, "{}: the registry answered {}", what, status);
  refused.http = HttpDetail{status, "UNKNOWN", ""};
  return refused;
}

class ModelTarget final : public std::enable_shared_from_this<ModelTarget>,
                          public store::Target,
                          public store::TagLister,
                          public store::ReferrerLister,
                          public store::Mounter,
                          public store::Deleter {
 public:
  ModelTarget(ModelRegistry& all, std::string host, std::string repository, Actor* actor, const Habits& habits)
      : all_(all),
        host_(std::move(host)),
        repository_(std::move(repository)),
        actor_(actor),
        habits_(habits),
        here_(all.repository(name())) {}

  std::string name() const override { return host_ + "/" + repository_; }
  std::string registry() const override { return host_; }
  std::string repository() const override { return repository_; }
  store::Traits traits() const override {
    return {.asks_cost_a_request = true, .collects_untagged = true, .refuses_incomplete = true};
  }

  Result<oci::Descriptor> resolve(const store::TagOrDigest& reference) override {
    SLIPWAY_TRY(read("HEAD " + store::to_string(reference)));
    return find(reference);
  }
  Result<bool> exists(const oci::Descriptor& descriptor) override {
    SLIPWAY_TRY(read("HEAD " + descriptor.digest.short_hex()));
    return here_.content.contains(descriptor.digest);
  }
  Result<std::unique_ptr<io::Source>> fetch(const oci::Descriptor& descriptor) override {
    SLIPWAY_TRY(read("GET " + descriptor.digest.short_hex()));
    const auto at = here_.content.find(descriptor.digest);
    if (at == here_.content.end()) return fail(Errc::not_found, "{} has no {}", name(), descriptor.digest.str());
    return std::make_unique<io::VerifyingSource>(std::make_unique<io::StringSource>(at->second.bytes),
                                                 descriptor.digest, descriptor.size, "content");
  }
  Result<store::Fetched> fetch_document(const store::TagOrDigest& reference) override {
    SLIPWAY_TRY(read("GET " + store::to_string(reference)));
    SLIPWAY_ASSIGN(oci::Descriptor found, find(reference));
    return store::Fetched{found, here_.content.at(found.digest).bytes};
  }
  Status push(const oci::Descriptor& descriptor, io::RestartableSource& source, std::stop_token) override {
    SLIPWAY_ASSIGN(std::string bytes, io::read_all(source, kMostBytes));
    SLIPWAY_TRY(check(descriptor, bytes));
    return write("PUT " + descriptor.digest.short_hex(), [this, descriptor, bytes] { put(descriptor, bytes); });
  }
  Status push_tagged(const oci::Descriptor& root, std::string_view text, const std::string& tag_name) override {
    const std::string bytes(text);
    SLIPWAY_TRY(check(root, bytes));
    return write_tag(tag_name, root, [this, root, bytes] { put(root, bytes); });
  }
  Status tag(const oci::Descriptor& root, const std::string& tag_name) override {
    if (!here_.content.contains(root.digest))
      return fail(Errc::not_found, "{} is not in {}", root.digest.str(), name());
    return write_tag(tag_name, root, [] {});
  }
  Result<std::vector<std::string>> list_tags() override {
    SLIPWAY_TRY(read("LIST"));
    std::vector<std::string> names;
    for (const auto& [tag_name, tag] : here_.tags) {
      if (actor_ == nullptr || tag.listed_at <= actor_->stage().millis()) names.push_back(tag_name);
    }
    if (names.empty()) return fail(Errc::not_found, "{} is not known", name());
    return names;
  }
  Result<std::vector<oci::Descriptor>> referrers(const Digest& subject, const std::string& type) override {
    SLIPWAY_TRY(read("REFERRERS " + subject.short_hex()));
    std::vector<oci::Descriptor> found;
    for (const auto& [digest, content] : here_.content) {
      if (!oci::is_graph_node(content.media_type)) continue;
      const auto document = oci::parse_document(content.bytes, content.media_type);
      if (!document || !oci::subject_of(*document) || oci::subject_of(*document)->digest != subject) continue;
      oci::Descriptor one(content.media_type, digest, static_cast<std::int64_t>(content.bytes.size()));
      one.artifact_type = std::visit([](const auto& d) { return d.artifact_type; }, *document);
      if (type.empty() || one.artifact_type == type) found.push_back(std::move(one));
    }
    return found;
  }
  /// As docker-registry: a tag that cannot be read is not deleted.
  Status delete_tag(const std::string& tag_name) override {
    const auto at = here_.tags.find(tag_name);
    if (at != here_.tags.end() && !at->second.root) {
      SLIPWAY_TRY(read("DELETE " + tag_name));
      return fail(answered(400, tag_name));
    }
    return write("DELETE " + tag_name, [this, tag_name] { here_.tags.erase(tag_name); });
  }
  Status delete_manifest(const Digest& digest) override {
    return write("DELETE " + digest.short_hex(), [this, digest] {
      here_.content.erase(digest);
      std::erase_if(here_.tags, [&](const auto& tag) { return tag.second.root && tag.second.root->digest == digest; });
    });
  }
  Result<bool> mount(const oci::Descriptor& blob, const std::string& from) override {
    const auto& source = all_.repository(host_ + "/" + from).content;
    const auto at = source.find(blob.digest);
    if (at == source.end()) return false;
    SLIPWAY_TRY(
        write("MOUNT " + blob.digest.short_hex(), [this, blob, content = at->second] { put(blob, content.bytes); }));
    return true;
  }

 private:
  Result<oci::Descriptor> find(const store::TagOrDigest& reference) {
    const Digest* digest = std::get_if<Digest>(&reference);
    const auto absent = [&] { return fail(Errc::not_found, "{} has no {}", name(), store::to_string(reference)); };
    if (digest == nullptr) {
      const auto tag = here_.tags.find(std::get<std::string>(reference));
      if (tag != here_.tags.end() && tag->second.broken) return refuse(tag->first);
      if (tag == here_.tags.end() || !tag->second.root) return absent();
      digest = &tag->second.root->digest;
    }
    const auto at = here_.content.find(*digest);
    if (at == here_.content.end() || !oci::is_graph_node(at->second.media_type)) return absent();
    return oci::Descriptor(at->second.media_type, *digest, static_cast<std::int64_t>(at->second.bytes.size()));
  }

  /// A 500 comes after the client tried again a few times; the tag may be gone by then.
  Result<oci::Descriptor> refuse(std::string tag) {
    if (actor_ != nullptr) SLIPWAY_TRY(actor_->sleep(std::chrono::milliseconds(1500)));
    return fail(answered(500, tag));
  }

  void put(const oci::Descriptor& descriptor, const std::string& bytes) {
    const std::int64_t now = actor_ == nullptr ? 0 : actor_->stage().millis();
    here_.content.insert_or_assign(descriptor.digest, ModelRegistry::Content{descriptor.media_type, bytes, now});
  }

  /// Bytes that are not their digest, and documents without their children, are refused.
  Status check(const oci::Descriptor& descriptor, const std::string& bytes) {
    if (io::digest_of(bytes) != descriptor.digest) return fail(Errc::verification_failed, "not the digest");
    if (!oci::is_graph_node(descriptor.media_type)) return {};
    SLIPWAY_ASSIGN(const oci::Document document, oci::parse_document(bytes, descriptor.media_type));
    if (habits_.refuses_subjects && actor_ != nullptr && oci::subject_of(document)) {
      SLIPWAY_TRY(actor_->step("PUT with a subject: 400"));
      Error refused = error(Errc::failed, "{} refuses documents with a subject", name());
      refused.http = HttpDetail{400, "MANIFEST_INVALID", "subject"};
      return fail(std::move(refused));
    }
    for (const oci::Descriptor& child : oci::children(document)) {
      if (!here_.content.contains(child.digest)) return fail(Errc::not_found, "{} is missing", child.digest.str());
    }
    return {};
  }

  Status read(const std::string& what) {
    if (actor_ == nullptr) return {};
    SLIPWAY_TRY(actor_->step(name() + " " + what));
    const bool breaks = is_down() || actor_->stage().chance(habits_.unreachable);
    actor_->stage().note(actor_->name(), name() + " " + what + (breaks ? "  -> no answer" : ""));
    if (breaks) return fail(broken_off());
    return {};
  }

  bool is_down() const { return actor_->stage().millis() < all_.down_until; }
  /// The registry dies now. Returns the answer that nobody gets.
  Status die() {
    all_.down_until = actor_->stage().millis() + static_cast<std::int64_t>(actor_->stage().pick(30'000));
    return fail(broken_off());
  }
  /// How often a fault meets this write, in percent.
  unsigned often(unsigned percent, bool is_victim) const { return is_victim ? std::min(60u, 8 * percent) : percent; }

  Status write(const std::string& what, const std::function<void()>& effect, bool is_victim = false,
               std::uint64_t most_delay = 60'000) {
    if (actor_ == nullptr) {
      effect();
      return {};
    }
    SLIPWAY_TRY(actor_->step(name() + " " + what));
    Stage& stage = actor_->stage();
    const auto said = [&](const char* how) { stage.note(actor_->name(), name() + " " + what + how); };
    if (is_down() || stage.chance(habits_.unreachable)) {
      said("  -> not carried out, no answer");
      return fail(broken_off());
    }
    const bool dies = stage.chance(often(habits_.outages, is_victim));
    if (dies && stage.chance(50)) {
      said("  -> the registry dies first");
      return die();
    }
    if (stage.chance(often(habits_.late_writes, is_victim))) {
      const auto delay = std::chrono::milliseconds(stage.pick(most_delay));
      said("  -> under way, no answer");
      // The write outlives the command that sent it.
      stage.later(delay, [&stage, effect, self = shared_from_this(), text = name() + " " + what] {
        stage.note("", text + "  -> arrives late");
        effect();
      });
      return fail(broken_off());
    }
    effect();
    actor_->wrote();
    if (dies) {
      said("  -> carried out, the registry dies");
      return die();
    }
    if (stage.chance(often(habits_.lost_answers, is_victim))) {
      said("  -> carried out, answer lost");
      return fail(broken_off());
    }
    said("");
    return {};
  }

  Status write_tag(const std::string& tag_name, const oci::Descriptor& root, const std::function<void()>& before) {
    if (!oci::is_valid_tag(tag_name)) return fail(Errc::invalid_argument, "\"{}\" is not a tag", tag_name);
    const bool is_new = !here_.tags.contains(tag_name);
    const bool is_victim = actor_ != nullptr && kind_of_object(tag_name) == habits_.victim;
    const bool may_break = actor_ != nullptr && is_new && !is_down();
    const bool dangles = may_break && actor_->stage().chance(often(habits_.dangling_tags, is_victim));
    // A link that is written over may be empty afterwards, too.
    const bool moves = actor_ != nullptr && !is_new && !is_down() && kind_of_object(tag_name) == "moving tag";
    const bool empty = (may_break || moves) && actor_->stage().chance(often(habits_.empty_links, is_victim));
    if (dangles || empty) {
      SLIPWAY_TRY(actor_->step(name() + " PUT " + tag_name));
      actor_->stage().note(actor_->name(), fmt::format("{} PUT {}  -> the registry dies; listed, {}", name(), tag_name,
                                                       empty ? "500" : "not there"));
      here_.tags[tag_name] = {std::nullopt, actor_->stage().millis(), empty};
      actor_->wrote();
      return habits_.outages > 0 ? die() : fail(broken_off());
    }
    const auto effect = [this, tag_name, root, before, is_new] {
      before();
      ModelRegistry::Tag& tag = here_.tags[tag_name];
      tag.root.emplace(root.media_type, root.digest, root.size);
      tag.broken = false;
      if (is_new && actor_ != nullptr) tag.listed_at = actor_->stage().millis() + habits_.list_delay;
    };
    // A moving tag that is written after two later releases cannot be told from one that somebody moved: that is drift.
    const std::uint64_t most_delay = kind_of_object(tag_name) == "moving tag" ? 6'000 : 60'000;
    return write("PUT " + tag_name + " = " + root.digest.short_hex(), effect, is_victim, most_delay);
  }

  ModelRegistry& all_;
  std::string host_, repository_;
  Actor* actor_;
  const Habits& habits_;
  ModelRegistry::Repository& here_;
};

}  // namespace

void ModelRegistry::collect(std::int64_t before) {
  for (auto& [place, repository] : repositories_) {
    std::set<Digest> reached;
    std::vector<Digest> waiting;
    for (const auto& [name, tag] : repository.tags) {
      if (tag.root) waiting.push_back(tag.root->digest);
    }
    while (!waiting.empty()) {
      const Digest digest = waiting.back();
      waiting.pop_back();
      const auto at = repository.content.find(digest);
      if (at == repository.content.end() || !reached.insert(digest).second) continue;
      if (!oci::is_graph_node(at->second.media_type)) continue;
      const auto document = oci::parse_document(at->second.bytes, at->second.media_type);
      for (const oci::Descriptor& child : document ? oci::children(*document) : std::vector<oci::Descriptor>())
        waiting.push_back(child.digest);
    }
    std::erase_if(repository.content,
                  [&](const auto& item) { return !reached.contains(item.first) && item.second.put_at < before; });
  }
}

Result<std::shared_ptr<store::ReadTarget>> ModelOpener::open_for_reading(const oci::Location& location, Side side) {
  return open_for_writing(location, side);
}

Result<std::shared_ptr<store::Target>> ModelOpener::open_for_writing(const oci::Location& location, Side) {
  return std::make_shared<ModelTarget>(registry_, location.host(), location.repository(), actor_, habits_);
}

}  // namespace slipway::sim
