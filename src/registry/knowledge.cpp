#include "slipway/registry/knowledge.h"

#include "slipway/base/json.h"
#include "slipway/io/hash.h"

namespace slipway::registry {
namespace {

constexpr std::int64_t kLifetime = 86'400;
constexpr std::size_t kMaxKnowledge = 64u << 10;
constexpr std::int64_t kSmallestBody = 64 << 10;

class FileKnowledge final : public KnowledgeStore {
 public:
  FileKnowledge(FileSystem& fs, Clock& clock, stdfs::path folder)
      : fs_(fs), clock_(clock), folder_(std::move(folder)) {}

  Knowledge recall(const std::string& host) override {
    if (folder_.empty()) return {};
    const auto text = read_file(fs_, file_of(host, ".json"), kMaxKnowledge);
    const auto json = text ? Json::parse(*text, "what is known of " + host) : fail(text.error());
    if (!json || json->object() == nullptr) return {};
    const Json* schema = json->find("schema");
    const Json* name = json->find("host");
    const Json* learned = json->find("learned");
    const bool ours = schema != nullptr && *schema == Json("slipway/v1/host") && name != nullptr &&
                      *name == Json(host) && learned != nullptr && learned->integer() != nullptr;
    if (!ours) return {};
    const std::int64_t age = clock_.now() - *learned->integer();
    if (age < 0 || age > kLifetime) return {};
    Knowledge knowledge;
    const Json* post = json->find("singlePost");
    if (post != nullptr && post->boolean() != nullptr) knowledge.single_post = *post->boolean();
    const Json* body = json->find("largestBody");
    if (body != nullptr && body->integer() != nullptr && *body->integer() >= kSmallestBody) {
      knowledge.largest_body = *body->integer();
    }
    const Json* refuses = json->find("refusesIncomplete");
    if (refuses != nullptr && refuses->boolean() != nullptr) knowledge.refuses_incomplete = *refuses->boolean();
    return knowledge;
  }

  void remember(const std::string& host, const Knowledge& knowledge) override {
    if (folder_.empty()) return;
    Json json;
    json.set("schema", "slipway/v1/host").set("host", host).set("learned", clock_.now());
    if (knowledge.single_post) json.set("singlePost", *knowledge.single_post);
    if (knowledge.largest_body) json.set("largestBody", *knowledge.largest_body);
    if (knowledge.refuses_incomplete) json.set("refusesIncomplete", *knowledge.refuses_incomplete);
    if (!fs_.make_directories(folder_, 0700)) return;
    const Status kept = write_file_atomically(fs_, file_of(host, ".json"), json.pretty() + "\n", 0600);
    static_cast<void>(kept);  // the next run learns it again
  }

  std::unique_ptr<FileLock> turn(const std::string& host) override {
    if (folder_.empty() || !fs_.make_directories(folder_, 0700)) return nullptr;
    auto lock = fs_.lock(file_of(host, ".lock"));
    return lock ? *std::move(lock) : nullptr;
  }

 private:
  stdfs::path file_of(const std::string& host, const char* ending) const {
    return folder_ / (io::digest_of(host).short_hex() + ending);
  }

  FileSystem& fs_;
  Clock& clock_;
  stdfs::path folder_;
};

}  // namespace

std::unique_ptr<KnowledgeStore> file_knowledge(FileSystem& fs, Clock& clock, stdfs::path folder) {
  return std::make_unique<FileKnowledge>(fs, clock, std::move(folder));
}

}  // namespace slipway::registry
