-- Made when the history has caught up with the log: until then they would only make it slower.

CREATE INDEX IF NOT EXISTS calls_by_time ON calls (started_at, conn_id);
CREATE INDEX IF NOT EXISTS calls_by_ani ON calls (ani, started_at);
CREATE INDEX IF NOT EXISTS calls_by_switch_call_id ON calls (switch_call_id);
CREATE INDEX IF NOT EXISTS queue_visits_by_queue ON queue_visits (queue, entered_at);
CREATE INDEX IF NOT EXISTS queue_visits_by_time ON queue_visits (entered_at);
CREATE INDEX IF NOT EXISTS queue_visits_by_end ON queue_visits (ended_at);
CREATE INDEX IF NOT EXISTS queue_visits_by_length ON queue_visits (wait_ms);
CREATE INDEX IF NOT EXISTS agent_stays_by_agent ON agent_stays (agent, conn_id);
CREATE INDEX IF NOT EXISTS agent_stays_by_time ON agent_stays (began_at);
CREATE INDEX IF NOT EXISTS agent_stays_by_end ON agent_stays (ended_at);
CREATE INDEX IF NOT EXISTS agent_stays_by_length ON agent_stays (lasted_ms);
CREATE INDEX IF NOT EXISTS user_data_by_value ON user_data (key, value);
CREATE INDEX IF NOT EXISTS related_calls_by_other ON related_calls (other);
CREATE INDEX IF NOT EXISTS conversations_by_conversation ON conversations (conversation);
CREATE INDEX IF NOT EXISTS agent_states_by_time ON agent_states (since);
CREATE INDEX IF NOT EXISTS agent_states_by_end ON agent_states (until);
CREATE INDEX IF NOT EXISTS agent_states_by_length ON agent_states (lasted_ms);
