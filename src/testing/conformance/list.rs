//! The list of all cases, once: it makes the table, and the tests of every store.

/// Hands the list of all cases to another macro: `[path of the macro] [what it wants back]`.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_list {
    ([$($callback:tt)*] $arguments:tt) => {
        $($callback)*! { $arguments
            Some(1), answers {
                inserts_are_answered_in_order;
                changes_are_answered_in_order;
                extensions_are_answered_in_order;
                an_empty_batch_answers_empty;
                a_full_batch_is_answered_in_order;
            }
            Some(2), insert {
                a_new_row_is_stored_as_it_is;
                its_first_entry_stands_beside_it;
                a_row_may_be_born_finished;
                a_taken_key_answers_its_holder_and_changes_nothing;
                a_finished_holder_still_holds_its_key;
                a_bad_item_is_named_by_its_index_and_nothing_is_stored;
                the_same_id_again_is_inserted_again_and_changes_nothing;
                of_two_equal_keys_in_one_batch_the_second_is_taken;
                of_many_concurrent_inserts_of_one_key_one_wins;
            }
            Some(3), claim {
                takes_what_is_due_and_nothing_else;
                a_lease_is_live_until_its_end;
                takes_the_earliest_by_wake_and_id;
                the_wake_counts_and_not_the_due_time;
                takes_at_most_each_quotas_limit;
                channels_and_priorities_have_quotas_of_their_own;
                takes_held_rows_that_wake_and_never_finished_ones;
                concurrent_claims_never_share_a_task;
            }
            Some(4), claim_writes {
                writes_lease_count_and_revision_and_nothing_else;
                answers_stand_in_wake_order_over_all_quotas;
                a_row_abandoned_once_comes_with_the_others;
                of_rows_abandoned_twice_only_the_first_is_kept;
                the_first_over_all_quotas_is_kept;
                a_row_left_out_uses_up_its_quota;
                a_row_abandoned_in_mid_send_is_still_sending;
                a_repeated_claim_answers_what_it_took_and_takes_nothing;
                a_repeated_claim_is_of_its_own_live_leases_only;
            }
            Some(5), next_wake {
                is_now_when_a_quota_was_filled;
                is_now_when_a_row_was_left_out;
                is_the_next_wake_else;
                is_the_end_of_a_lease_that_comes_first;
                counts_the_leases_just_given;
                counts_only_channels_and_priorities_with_a_quota;
                is_none_when_nothing_waits;
            }
            Some(6), races {
                a_change_of_another_revision_is_stale_and_has_no_effect;
                an_extension_of_another_claim_is_stale_and_has_no_effect;
                an_unknown_task_is_missing;
                a_bad_item_is_rejected_and_the_others_are_written;
                of_two_changes_of_one_revision_one_is_written;
                of_many_concurrent_changes_one_is_written;
            }
            Some(7), changes {
                a_change_writes_what_it_says_and_nothing_else;
                a_change_that_says_nothing_writes_its_entry_only;
                every_state_sets_its_finish_and_clears_its_mark;
                the_lease_is_kept_or_ended_as_the_change_says;
                inserts_are_stored_with_their_change;
                an_insert_with_a_taken_key_is_left_out_and_the_change_stands;
                a_change_that_loses_inserts_nothing;
                a_changed_wake_moves_the_row_in_the_queue;
            }
            Some(7), extend {
                lengthens_the_lease_and_keeps_the_revision;
                a_hand_off_marks_the_row;
                a_hand_off_makes_a_racing_cancel_lose;
                a_second_hand_off_only_extends;
                a_lease_that_is_over_but_untaken_is_still_held;
                a_lease_that_was_taken_over_is_lost;
                an_outcome_ends_the_lease;
            }
            Some(8), repeats {
                a_repeated_change_changes_nothing_and_answers_its_revision;
                a_repeated_change_does_not_insert_again;
                a_change_repeated_in_one_batch_is_written_once;
                a_repeated_batch_writes_what_was_missing;
                a_repeated_extension_answers_the_same;
                a_repeated_erase_finds_nothing_more;
            }
            Some(9), kinds {
                a_bad_batch_is_permanent;
                a_dropped_insert_is_whole_or_absent_and_can_be_repeated;
                a_dropped_change_is_whole_or_absent_and_can_be_repeated;
                a_dropped_claim_can_be_asked_for_what_it_took;
                an_insert_of_an_uncommitted_key_waits_or_conflicts;
            }
            Some(10), same_answers {
                the_same_calls_give_the_same_answers;
                the_probe_stays_the_same_and_comes_with_every_claim;
            }
            Some(11), exact {
                instants_come_back_exactly;
                bodies_and_data_come_back_byte_for_byte;
                names_come_back_and_are_found_exactly;
                every_history_entry_comes_back_exactly;
                every_state_and_priority_comes_back;
                a_full_body_fits;
            }
            Some(12), no_waiting {
                a_change_of_a_held_row_is_busy_and_the_others_are_written;
                an_extension_of_a_held_row_is_busy_and_the_others_are_written;
                a_claim_leaves_held_rows_out_and_looks_again_in_a_second;
                inside_a_transaction_a_held_row_is_a_conflict;
            }
            Some(13), failure_text {
                any_text_of_a_failure_can_be_recorded;
            }
            Some(14), durability {
                what_was_answered_is_there_when_it_is_opened_again;
                leases_and_marks_are_there_when_it_is_opened_again;
                notes_and_counters_are_there_when_it_is_opened_again;
            }
            Some(15), erase {
                takes_finished_rows_only;
                the_event_must_be_over_too;
                the_limit_is_kept_and_the_answer_counts;
                removed_rows_take_their_history_and_free_their_key;
                what_is_removed_is_added_to_the_counters;
                blanking_keeps_the_first_line_and_the_row;
                a_person_is_erased_where_finished;
                the_books_balance_through_everything;
            }
            None, pages {
                every_filter_finds_its_own;
                filters_hold_together;
                an_empty_list_of_ids_finds_nothing;
                pages_walk_through_everything_in_either_order;
            }
            None, history {
                is_told_oldest_first_and_page_by_page;
                is_told_of_one_task_or_from_an_instant_on;
            }
            None, stats {
                count_rows_by_state_kind_and_channel;
                know_what_is_overdue_leased_and_next;
                know_what_went_out_to_a_person_lately;
            }
            None, notes {
                are_read_one_to_one_in_order;
                are_written_where_the_revision_is_the_expected_one;
                are_deleted_and_may_come_back;
                of_many_concurrent_writers_one_wins;
                are_listed_by_prefix_and_name;
                keep_their_text_exactly;
                the_seal_comes_with_the_probe;
            }
            None, wakeups {
                tick_when_a_row_is_inserted_that_is_due;
                tick_when_a_change_brings_work_forward;
            }
            None, transactions {
                are_seen_by_others_after_the_commit_only;
                leave_nothing_after_a_rollback;
                see_what_they_wrote_themselves;
                answer_as_the_store_does;
                repeat_a_change_without_effect;
                tick_at_their_commit;
            }
        }
    };
}

/// Runs the suite on a store: one test for each case, in a module of the given name.
///
/// The second argument is an expression that makes a
/// [`StoreHarness`](crate::testing::conformance::StoreHarness); it is evaluated once in each test,
/// in an async block, with everything in scope that is in scope around the macro. The crate needs
/// `tokio` with the features `macros` and `rt` in its dev-dependencies.
///
/// For an example see [`testing::conformance`](crate::testing::conformance).
#[macro_export]
macro_rules! task_store_conformance {
    ($module:ident, $harness:expr $(,)?) => {
        mod $module {
            #[allow(unused_imports)]
            use super::*;

            $crate::testing::conformance::__conformance_list! {
                [$crate::testing::conformance::__conformance_tests] [$harness]
            }
        }
    };
}

/// Makes the tests of one store of the list.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_tests {
    ([$harness:expr] $($clause:expr, $group:ident { $($case:ident;)* })*) => {
        $(mod $group {
            #[allow(unused_imports)]
            use super::*;

            $(
                #[::tokio::test]
                async fn $case() {
                    let harness = ::std::sync::Arc::new($harness);
                    let (group, case) = (stringify!($group), stringify!($case));
                    $crate::testing::conformance::run(group, case, harness).await;
                }
            )*
        })*
    };
}
