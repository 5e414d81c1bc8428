#include "cli/image_results.h"
#include "cli/next_step.h"
#include "cli/signing_keys.h"
#include "cli/text_layout.h"
#include "cli/verbs.h"
#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

struct KeyFlags {
  std::string action;
  std::vector<std::string> words;
};

/// Writes a file that must be new: a key is never replaced.
Status write_new(Context& context, const stdfs::path& path, std::string_view text, std::uint32_t mode) {
  SLIPWAY_ASSIGN(const auto file, context.fs().create(path, mode));
  const auto fill = [&]() -> Status {
    SLIPWAY_TRY(file->write(std::as_bytes(std::span(text))));
    return file->sync();
  };
  Status written = fill();
  if (!written) (void)context.fs().remove(path).has_value();
  return written;
}

Status require_new(const Context& context, const stdfs::path& path) {
  if (!context.fs().stat(path)) return {};
  return fail(error(Errc::already_exists, "{} is there, and keys are not replaced", printable(path.native(), 4096))
                  .with_hint("name another prefix: slipway key generate PREFIX"));
}

/// Writes PREFIX.key and PREFIX.pub, the private half first.
Result<int> write_pair(Context& context, const trust::PrivateKey& key, const Secret& password,
                       const std::string& prefix) {
  const stdfs::path hidden = context.absolute(prefix + ".key"), open = context.absolute(prefix + ".pub");
  SLIPWAY_TRY(require_new(context, hidden));
  SLIPWAY_TRY(require_new(context, open));
  SLIPWAY_ASSIGN(const std::string sealed, key.encrypted(password));
  if (!context.globals().dry_run) {
    SLIPWAY_TRY(write_new(context, hidden, sealed, 0600));
    SLIPWAY_TRY(write_new(context, open, key.public_key().pem(), 0644));
  }
  Json document;
  document.set("schema", "slipway/v1/key").set("private", prefix + ".key").set("public", prefix + ".pub");
  document.set("fingerprint", key.public_key().fingerprint().str());
  SLIPWAY_TRY(print_result(context, document, fmt::format("{0}.key\n{0}.pub\n", prefix)));
  return 0;
}

Result<int> generate(Context& context, const std::string& prefix) {
  SLIPWAY_TRY(require_new(context, context.absolute(prefix + ".key")));
  SLIPWAY_ASSIGN(const Secret password, key_password(context, true));
  SLIPWAY_ASSIGN(const trust::PrivateKey key, trust::PrivateKey::generate());
  return write_pair(context, key, password, prefix);
}

/// One password opens the key that is imported and seals the new file.
Result<int> import(Context& context, const std::string& file, const std::string& prefix) {
  SLIPWAY_TRY(require_new(context, context.absolute(prefix + ".key")));
  SLIPWAY_ASSIGN(const Secret password, key_password(context, false));
  SLIPWAY_ASSIGN(const auto text, read_file(context.fs(), context.absolute(file), 64u << 10));
  SLIPWAY_ASSIGN(const trust::PrivateKey key,
                 trust::PrivateKey::parse(Secret(text), file, [&]() -> Result<Secret> { return password; }));
  return write_pair(context, key, password, prefix);
}

Result<int> show(Context& context, const std::string& file) {
  auto half = open_public_key(context, file);
  if (!half) {
    SLIPWAY_ASSIGN(const trust::PrivateKey key, open_private_key(context, file));
    half = key.public_key();
  }
  Json document;
  document.set("schema", "slipway/v1/key").set("fingerprint", half->fingerprint().str()).set("pem", half->pem());
  SLIPWAY_TRY(print_result(context, document, half->pem()));
  return 0;
}

Error misused(const KeyFlags& f) {
  return error(Errc::invalid_argument, "\"key {}\" with {} is not a command", printable(f.action, 40),
               counted(f.words.size(), "word"))
      .with_hint("use: slipway key generate [PREFIX], slipway key import FILE [PREFIX], or slipway key show FILE");
}

Result<int> run_key(Context& context, const KeyFlags& f) {
  const std::size_t words = f.words.size();
  const auto word = [&](std::size_t i) { return words > i ? f.words[i] : std::string("slipway"); };
  if (f.action == "generate" && words <= 1) return generate(context, word(0));
  if (f.action == "import" && (words == 1 || words == 2)) return import(context, f.words[0], word(1));
  if (f.action == "show" && words == 1) return show(context, f.words[0]);
  return fail(misused(f));
}

}  // namespace

Command key_command() {
  return {
      .name = "key",
      .aliases = {},
      .summary = "make, import and show signing keys",
      .description =
          "generate writes PREFIX.key, encrypted, and PREFIX.pub (PREFIX: slipway) in cosign's format; import does so "
          "for a key of another program; show prints the public half. Replaces no file. The password comes from "
          "SLIPWAY_KEY_PASSWORD (or fd:N there), COSIGN_PASSWORD, or the terminal.",
      .synopsis = "generate [PREFIX] | import FILE [PREFIX] | show FILE",
      .examples = {{"a new pair", "slipway key generate"},
                   {"a key that openssl made", "slipway key import private.pem release"},
                   {"the public half", "slipway key show slipway.key"}},
      .statuses = {{16, "the file is there already"}},
      .see_also = {"sign", "verify"},
      .bind = [](OptionSet& options) -> Action {
        auto flags = std::make_shared<KeyFlags>();
        options.positional("ACTION", flags->action, "generate, import or show");
        options.rest("FILE|PREFIX", flags->words, "a key file, or the names of the new files without their ends");
        return [flags](Context& context) { return run_key(context, *flags); };
      }};
}

}  // namespace slipway::cli
