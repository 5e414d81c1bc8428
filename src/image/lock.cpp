#include "slipway/image/lock.h"

#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"

namespace slipway::image {
namespace {

Error broken(const std::string& what, std::string_view why) {
  return Error(Errc::invalid_argument, fmt::format("{} cannot be used: {}", what, why))
      .with_hint("restore it from version control: git checkout -- slipway.lock; or remove it and build again");
}

/// A lock is the user's own file, so what is wrong with it is configuration.
template <class T>
Result<T> as_configuration(Result<T> result, const std::string& what) {
  if (result) return result;
  return fail(broken(what, result.error().message));
}

}  // namespace

Result<Lock> Lock::parse(std::string_view text, const std::string& what) {
  SLIPWAY_ASSIGN(const Json json, as_configuration(Json::parse(text, what), what));
  SLIPWAY_ASSIGN(JsonReader reader, as_configuration(JsonReader::of(json, what), what));
  SLIPWAY_ASSIGN(const std::string schema, as_configuration(reader.required_string("schema"), what));
  if (schema != kLockSchema) {
    return fail(broken(
        what, fmt::format("its schema is \"{}\", this version knows \"{}\"", printable(schema, 100), kLockSchema)));
  }
  SLIPWAY_ASSIGN(const auto images, as_configuration(reader.string_map("images"), what));
  Lock lock;
  for (const auto& [reference, text_digest] : images) {
    auto digest = Digest::parse(text_digest);
    if (!digest)
      return fail(broken(what, fmt::format("images.{}: {}", printable(reference, 300), digest.error().message)));
    lock.images_.emplace(reference, *std::move(digest));
  }
  if (reader.peek("codecs") != nullptr) {
    SLIPWAY_ASSIGN(const auto codecs, as_configuration(reader.string_map("codecs"), what));
    lock.codecs_.insert(codecs.begin(), codecs.end());
  }
  SLIPWAY_ASSIGN(lock.other_, as_configuration(reader.finish(), what));
  return lock;
}

Result<Lock> Lock::read(FileSystem& fs, const std::filesystem::path& file) {
  auto text = read_file(fs, file, 4u << 20);
  if (!text && text.error().code == Errc::not_found) return Lock();
  if (!text) return fail(std::move(text).error());
  return parse(*text, printable(file.native(), 4096));
}

std::string Lock::serialize() const {
  Json::Object images;
  for (const auto& [reference, digest] : images_)
    images.emplace_back(reference, digest.str());
  Json::Object document{{"schema", Json(kLockSchema)}, {"images", Json(std::move(images))}};
  Json::Object codecs;
  for (const auto& [format, codec] : codecs_)
    codecs.emplace_back(format, codec);
  if (!codecs.empty()) document.emplace_back("codecs", Json(std::move(codecs)));
  for (const Json::Member& member : other_)
    document.push_back(member);
  return Json(std::move(document)).pretty() + "\n";
}

Status Lock::write(FileSystem& fs, const std::filesystem::path& file) const {
  return write_file_atomically(fs, file, serialize());
}

std::optional<Digest> Lock::find(const std::string& reference) const {
  const auto at = images_.find(reference);
  return at == images_.end() ? std::nullopt : std::optional(at->second);
}

std::string Lock::codec(const std::string& format) const {
  const auto at = codecs_.find(format);
  return at == codecs_.end() ? std::string() : at->second;
}

bool Lock::set_codec(const std::string& format, const std::string& codec) {
  if (this->codec(format) == codec) return false;
  if (codec.empty()) {
    codecs_.erase(format);
  } else {
    codecs_[format] = codec;
  }
  return true;
}

bool Lock::set(const std::string& reference, const Digest& digest) {
  const auto [at, is_new] = images_.emplace(reference, digest);
  if (is_new) return true;
  if (at->second == digest) return false;
  at->second = digest;
  return true;
}

}  // namespace slipway::image
