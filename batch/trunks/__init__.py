"""The telephony, pure: clean columns and live trunks in, one record, plan and payload for each trunk out."""
