#include <algorithm>

#include "cli/command.h"
#include "cli/verbs.h"

namespace slipway::cli {
namespace {

struct Row {
  Group group;
  Listed listed;
  Command (*make)();
};

// The one list of commands: heading, place in `slipway --help`, command. `slipway help commands` lists all in this
// order.
constexpr Row kTable[] = {
    {Group::build, Listed::line, init_command},        {Group::build, Listed::line, build_command},
    {Group::build, Listed::name, closure_command},     {Group::build, Listed::name, index_command},

    {Group::images, Listed::line, copy_command},       {Group::images, Listed::line, ls_command},
    {Group::images, Listed::line, inspect_command},    {Group::images, Listed::line, files_command},
    {Group::images, Listed::line, diff_command},       {Group::images, Listed::name, tag_command},
    {Group::images, Listed::name, digest_command},     {Group::images, Listed::name, manifest_command},
    {Group::images, Listed::name, config_command},     {Group::images, Listed::name, cat_command},
    {Group::images, Listed::name, why_command},        {Group::images, Listed::name, sbom_command},
    {Group::images, Listed::name, debug_command},      {Group::images, Listed::name, referrers_command},
    {Group::images, Listed::name, validate_command},   {Group::images, Listed::name, delete_command},
    {Group::images, Listed::name, mutate_command},     {Group::images, Listed::name, append_command},
    {Group::images, Listed::name, flatten_command},    {Group::images, Listed::name, put_command},
    {Group::images, Listed::name, get_command},        {Group::images, Listed::name, attach_command},
    {Group::images, Listed::name, blob_command},       {Group::images, Listed::name, catalog_command},
    {Group::images, Listed::name, sign_command},       {Group::images, Listed::name, attest_command},

    {Group::release, Listed::line, release_command},   {Group::release, Listed::line, promote_command},
    {Group::release, Listed::line, rollback_command},  {Group::release, Listed::line, status_command},
    {Group::release, Listed::line, history_command},   {Group::release, Listed::line, verify_command},
    {Group::release, Listed::name, show_command},      {Group::release, Listed::name, apply_command},
    {Group::release, Listed::name, approve_command},   {Group::release, Listed::name, hold_command},
    {Group::release, Listed::name, unhold_command},    {Group::release, Listed::name, retire_command},
    {Group::release, Listed::name, doctor_command},

    {Group::run, Listed::line, run_a_release_command}, {Group::run, Listed::line, pin_command},
    {Group::run, Listed::line, export_command},        {Group::run, Listed::name, env_command},
    {Group::run, Listed::name, load_command},          {Group::run, Listed::name, unpack_command},
    {Group::run, Listed::name, drift_command},

    {Group::admin, Listed::line, login_command},       {Group::admin, Listed::name, logout_command},
    {Group::admin, Listed::name, auth_command},        {Group::admin, Listed::name, probe_command},
    {Group::admin, Listed::name, key_command},         {Group::admin, Listed::name, cache_command},
    {Group::admin, Listed::name, completion_command},  {Group::admin, Listed::name, version_command},
};

std::vector<Command> made() {
  std::vector<Command> all;
  for (const Row& row : kTable) {
    all.push_back(row.make());
    all.back().group = row.group;
    all.back().listed = row.listed;
  }
  return all;
}

}  // namespace

std::string_view title_of(Group group) {
  switch (group) {
    case Group::build:
      return "Build";
    case Group::images:
      return "Images";
    case Group::release:
      return "Release";
    case Group::run:
      return "Run";
    case Group::admin:
      break;
  }
  return "Admin";
}

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands = made();
  return kCommands;
}

const Command* find_command_named(std::string_view word) {
  for (const Command& command : commands()) {
    const bool alias = std::find(command.aliases.begin(), command.aliases.end(), word) != command.aliases.end();
    if (command.name == word || alias) return &command;
  }
  return nullptr;
}

}  // namespace slipway::cli
