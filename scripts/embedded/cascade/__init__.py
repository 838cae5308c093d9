"""Transcribe's streams, Bedrock's ConverseStream and Polly's SynthesizeSpeech, as the cascade asks them.

They speak HTTP/1.1 on the port on which Nova Sonic speaks HTTP/2, and have the same brain behind them.
"""
